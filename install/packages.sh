# sh install/packages.sh PROJECT PYTHON [OPTIONS]: put what PROJECT/uv.lock pins into PROJECT/.venv.
# OPTIONS are those of uv that choose extras and groups; with --only-group the code itself comes too.
# The lock names the public index. From a mirror come the same files, by their hashes; asked to sync
# with a mirror, uv takes the lock for outdated or goes to the public index all the same.
set -eu
here=$PWD uv=$PWD/.uv/bin/uv project=$1 python=$2
shift 2
sh install/python.sh "$python"
export UV_NO_CONFIG=1
mirror=$("$python" install/mirror.py 2> /dev/null || true)
unset UV_DEFAULT_INDEX UV_INDEX_URL
cd "$project"
quiet=--quiet
[ ! -t 2 ] || quiet=  # uv shows on a terminal how far it is
folder=.venv
[ "$project" = . ] || folder=$project/.venv
wanted=$(mktemp)
trap 'rm -f "$wanted"' EXIT
"$uv" export --quiet --locked --no-emit-project "$@" > "$wanted"
"$python" "$here/install/size.py" uv.lock "$folder" < "$wanted" >&2
if [ -z "$mirror" ]; then
    "$uv" sync $quiet --locked --python "$python" "$@"
else
    "$uv" venv --quiet --allow-existing --python "$python" .venv
    export UV_DEFAULT_INDEX="$mirror"
    "$uv" pip sync $quiet --python .venv --require-hashes "$wanted"
fi
if [ -n "$mirror" ] || [ "${1-}" = --only-group ]; then
    ! grep -q '^\[build-system\]' pyproject.toml ||
        "$uv" pip install --quiet --python .venv --no-deps --editable .
fi
# Python 3.11 and 3.12 read this file by the locale, which need not know the letters of the clone's
# path; uv may share it with its cache, so it is replaced and not changed.
for path in .venv/lib/python*/site-packages/*_nexttrack.pth; do
    [ ! -e "$path" ] || { rm "$path" && echo ../../../../src > "$path"; }
done
