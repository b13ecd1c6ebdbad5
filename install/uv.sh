# sh install/uv.sh PYTHON VERSION: make .uv/bin/uv, last of all, so that one that is there is whole.
# It is the uv on the PATH where pyproject.toml accepts it, else one from the package index.
set -eu
python=$1 version=$2
sh install/python.sh "$python"
mkdir -p .uv/bin
found=$(command -v uv || true)
if [ -n "$found" ] && "$found" cache dir > .uv/check 2>&1; then
    ln -sf "$found" .uv/bin/uv
    exit
fi
if "$python" -m pip --version > .uv/check 2>&1; then
    pip=$python
elif "$python" -m venv --clear .uv/venv > .uv/check 2>&1; then
    pip=.uv/venv/bin/python
else
    echo "error: $python has neither pip nor venv; install one (apt install python3-venv) or uv, then run make again" >&2
    exit 1
fi
PIP_REQUIRE_VIRTUALENV=0 PIP_ROOT_USER_ACTION=ignore "$pip" -m pip install --quiet --disable-pip-version-check \
    --no-cache-dir --no-user --upgrade --target .uv/packages --no-deps --only-binary uv "uv==$version"
ln -sf ../packages/bin/uv .uv/bin/uv
