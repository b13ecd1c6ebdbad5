# sh install/python.sh PYTHON: end with a line that says what to type where PYTHON does not fit.
# The versions are those of requires-python in pyproject.toml.
fits() {
    command -v "$1" > /dev/null && "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2> /dev/null
}
! fits "$1" || exit 0
found=
for name in python3.13 python3.12 python3.11 python3 python; do
    ! fits "$name" || found="${found:+$found }$name"
done
if command -v "$1" > /dev/null; then
    problem="$1 is $("$1" --version 2>&1 | head -n 1)"
else
    problem="there is no $1"
fi
if [ -n "$found" ]; then
    advice="type: make PYTHON=${found%% *}${GOALS:+ $GOALS}"
    [ "$found" = "${found%% *}" ] || advice="$advice (here too: ${found#* })"
else
    advice="install one, then type: make PYTHON=/path/to/python${GOALS:+ $GOALS}"
fi
echo "error: $problem, and this needs Python 3.11 to 3.13; $advice" >&2
exit 1
