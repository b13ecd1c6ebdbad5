# sh install/packages.sh PROJECT PYTHON: put what PROJECT/uv.lock pins into PROJECT/.venv.
# The lock names the public index. From a mirror come the same files, by their hashes; asked to sync
# with a mirror, uv takes the lock for outdated or goes to the public index all the same.
set -eu
uv=$PWD/.uv/bin/uv python=$2
export UV_NO_CONFIG=1
mirror=$("$python" install/mirror.py 2> /dev/null || true)
unset UV_DEFAULT_INDEX UV_INDEX_URL
cd "$1"
if [ -z "$mirror" ]; then
    "$uv" sync --quiet --locked --python "$python"
else
    "$uv" venv --quiet --allow-existing --python "$python" .venv
    "$uv" export --quiet --locked --no-emit-project > .venv/wanted.txt
    export UV_DEFAULT_INDEX="$mirror"
    "$uv" pip sync --quiet --python .venv --require-hashes .venv/wanted.txt
    if grep -q '^\[build-system\]' pyproject.toml; then
        "$uv" pip install --quiet --python .venv --no-deps --editable .
    fi
fi
# Python 3.11 and 3.12 read this file by the locale, which need not know the letters of the clone's
# path; uv may share it with its cache, so it is replaced and not changed.
for path in .venv/lib/python*/site-packages/*_nexttrack.pth; do
    [ ! -e "$path" ] || { rm "$path" && echo ../../../../src > "$path"; }
done
