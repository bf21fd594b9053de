# Makes the virtual environment that RHOV runs in and enters its environment. Sourced by ./run, which sets ROOT, VENV, PYTHON.
#
# With ROS 2 Jazzy on the machine, that one is used: the virtual environment sees its packages and only rhov_msgs is
# built. Without, ROS 2 Jazzy comes as wheels and its missing interface packages from dev/ros_shims.

say() { echo "rhov: $*" >&2; }
die() {
  say "$*"
  exit 2
}

PACKAGES=(rhov_core rhov_perception rhov_optimizer franka_imitation rhov)
SYSTEM_ROS=${RHOV_ROS_SETUP:-/opt/ros/jazzy/setup.bash} # 'none' takes the wheels in any case

# set_up [dev]: everything that is missing or out of date; 'dev' adds what the tests need.
set_up() {
  find_ros
  local kind=${1:-base} stamp
  stamp=$(fingerprint)
  if ! up_to_date "$kind" "$stamp"; then
    mkdir -p "$ROOT/.cache"
    exec 9>"$ROOT/.cache/setup.lock"
    flock 9 # another ./run may be at it
    up_to_date "$kind" "$stamp" || install_all "$kind"
    exec 9>&-
  fi
  enter
}

# One line that changes whenever the set-up has to be done again.
fingerprint() {
  {
    echo "$ROOT $ROS"
    cat "$VENV/pyvenv.cfg" 2>/dev/null || true
    find "$ROOT"/requirements "$ROOT"/dev/setup.sh "$ROOT"/dev/ros_shims "$ROOT"/ros2_ws/src/rhov_msgs -type f -print0 |
      LC_ALL=C sort -z | xargs -0 cat
  } | sha256sum | cut -d' ' -f1
}

up_to_date() {
  [ -x "$PYTHON" ] && { [ "$(cat "$VENV/.rhov-dev" 2>/dev/null)" = "$2" ] ||
    { [ "$1" = base ] && [ "$(cat "$VENV/.rhov-base" 2>/dev/null)" = "$2" ]; }; }
}

install_all() {
  local started=$SECONDS python
  python=$(find_python)
  install_system_packages "$python"
  if ! "$PYTHON" -c '' 2>/dev/null || [ "$(venv_kind)" != "$ROS" ]; then
    say "making the virtual environment .venv with Python $(version_of "$python")"
    local option=()
    [ "$ROS" = system ] && option=(--system-site-packages)
    "$python" -m venv --clear "${option[@]}" "$VENV" || die "the virtual environment could not be made."
  fi
  install_python_packages "$1"
  [ "$ROS" = system ] || patch_cmake_paths
  build_interfaces
  printf "$ROOT/ros2_ws/src/%s\n" "${PACKAGES[@]}" >"$("$PYTHON" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/rhov_packages.pth"
  fingerprint >"$VENV/.rhov-$1"
  say "set up in $((SECONDS - started)) s"
}

# ---------------------------------------------------------------------------------------------------- what is there

find_ros() {
  ROS=wheels
  if [ -n "${ROS_DISTRO:-}" ] && [ "$ROS_DISTRO" != jazzy ]; then
    die "this shell has ROS 2 $ROS_DISTRO sourced and RHOV needs Jazzy: start again in a shell without it."
  fi
  if [ -n "${ROS_DISTRO:-}" ] || [ -f "$SYSTEM_ROS" ]; then
    ROS=system
    [ -n "${ROS_DISTRO:-}" ] || source_quietly "$SYSTEM_ROS"
  fi
}

# For which ROS the virtual environment was made.
venv_kind() { grep -q 'include-system-site-packages = true' "$VENV/pyvenv.cfg" && echo system || echo wheels; }

source_quietly() {
  set +u # the set-up files of ROS read unset variables
  # shellcheck disable=SC1090
  source "$1"
  set -u
}

version_of() { "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null; }

find_python() {
  local candidate seen=""
  for candidate in "$PYTHON" python3 python3.12 python3.11 /usr/bin/python3; do
    case $(version_of "$candidate") in
    3.11 | 3.12)
      command -v "$candidate"
      return
      ;;
    "") ;;
    *) seen=" (python3 is $(version_of python3))" ;;
    esac
  done
  die "no Python 3.11 or 3.12 was found$seen: install one, for example with 'apt-get install python3', and start again."
}

# ------------------------------------------------------------------------------------------------- what is installed

install_system_packages() {
  local python=$1 version missing=()
  version=$(version_of "$python")
  command -v cmake >/dev/null || missing+=(cmake)
  command -v g++ >/dev/null || missing+=(g++)
  command -v ninja >/dev/null || missing+=(ninja-build)
  "$python" -c 'import ensurepip, venv' 2>/dev/null || missing+=("python$version-venv")
  "$python" -c 'import os, sysconfig; os.stat(sysconfig.get_path("include") + "/Python.h")' 2>/dev/null ||
    missing+=("python$version-dev")
  has_library libGL.so.1 || missing+=(libgl1)                # OpenCV
  has_library libgthread-2.0.so.0 || missing+=(libglib2.0-0) # OpenCV
  has_library libEGL.so.1 || missing+=(libegl1)              # MuJoCo without a screen
  [ "$ROS" = wheels ] || command -v colcon >/dev/null || missing+=(python3-colcon-common-extensions)
  [ ${#missing[@]} -gt 0 ] || return 0

  local sudo=() log=$ROOT/.cache/apt.log
  command -v apt-get >/dev/null ||
    die "these packages are missing and there is no apt to install them: ${missing[*]} (their names on Debian)."
  if [ "$(id -u)" != 0 ]; then
    sudo -n true 2>/dev/null ||
      die "these packages are missing and you may not install them: run 'sudo apt-get install ${missing[*]}' and start again."
    sudo=(sudo -n)
  fi
  say "installing system packages: ${missing[*]}"
  {
    "${sudo[@]}" apt-get -qq update || true # an unreachable third-party source is no reason to stop
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends \
      -o DPkg::Lock::Timeout=300 install "${missing[@]}"
  } </dev/null >"$log" 2>&1 || die "apt could not install ${missing[*]} ($(tail -n 1 "$log")); its output is in $log."
}

has_library() { /sbin/ldconfig -p | grep -q "$1"; }

install_python_packages() {
  local files=(-r "$ROOT/requirements/base.txt") log=$ROOT/.cache/pip.log
  [ "$ROS" = system ] || files+=(-r "$ROOT/requirements/ros.txt")
  [ "$1" = base ] || files+=(-r "$ROOT/requirements/dev.txt")
  say "installing Python packages (the first time this takes some minutes)"
  # one resolve: torch and colcon agree on setuptools only if they are seen together
  if ! "$PYTHON" -m pip install --disable-pip-version-check --no-input "${files[@]}" $(torch_index) </dev/null 2>&1 |
    tee "$log" | awk '/^Collecting/ && ++n % 40 == 0 { print "rhov:   " n " packages found"; fflush() }
      /^Installing collected/ { print "rhov:   all downloaded, unpacking"; fflush() }' >&2; then
    die "pip could not install the packages ($(grep -m 1 ERROR "$log" || tail -n 1 "$log")); its output is in $log."
  fi
}

# Without an NVIDIA GPU the CPU build of torch will do, which is gigabytes smaller; PyTorch has an index of its own for it.
torch_index() {
  local index=https://download.pytorch.org/whl/cpu
  command -v nvidia-smi >/dev/null && return
  "$PYTHON" -m pip index versions torch 2>/dev/null | grep -q '+cpu' && return # pip is configured for it
  "$PYTHON" -c "import urllib.request as u; u.urlopen('$index/torch/', timeout=5)" 2>/dev/null || return 0
  echo "--extra-index-url $index"
}

# The CMake files in the ROS wheels name the include folders of the machine that built them: let them name ours.
patch_cmake_paths() {
  local python_include numpy_include
  python_include=$("$PYTHON" -c 'import sysconfig; print(sysconfig.get_path("include"))')
  numpy_include=$("$PYTHON" -c 'import numpy; print(numpy.get_include())')
  { grep -rl '/opt/python/cp3' "$VENV/share" --include='*.cmake' || true; } | xargs -r sed -i -E \
    -e "s#/opt/python/cp[0-9]+-cp[0-9]+/lib/python3\.[0-9]+/site-packages/numpy/_?core/include#$numpy_include#g" \
    -e "s#/opt/python/cp[0-9]+-cp[0-9]+/include/python3\.[0-9]+#$python_include#g"
}

build_interfaces() {
  local log=$ROOT/.cache/colcon.log
  local arguments=(--cmake-args -GNinja -DBUILD_TESTING=OFF "-DPython3_EXECUTABLE=$PYTHON" -Wno-dev)
  say "building the ROS interfaces"
  (
    cd "$ROOT"
    if [ "$ROS" = system ]; then
      colcon --log-base ros2_ws/log build --base-paths ros2_ws/src --packages-select rhov_msgs \
        --build-base ros2_ws/build --install-base ros2_ws/install "${arguments[@]}"
    else
      export PATH=$VENV/bin:$PATH AMENT_PREFIX_PATH=$VENV CMAKE_PREFIX_PATH=$VENV _ROS_WHEELS_BOOTSTRAP_COMPLETE=1
      LD_LIBRARY_PATH=$VENV/lib:$(printf '%s:' "$VENV"/lib/python3*/site-packages/ros_*.libs) \
        "$PYTHON" -m colcon --log-base .cache/colcon/log build --base-paths ros2_ws/src/rhov_msgs dev/ros_shims \
        --build-base .cache/colcon/build --install-base "$VENV" --merge-install "${arguments[@]}"
    fi
  ) </dev/null >"$log" 2>&1 || die "the ROS interfaces could not be built; the output is in $log."
}

# ------------------------------------------------------------------------------------------------------ environment

enter() {
  if [ "$ROS" = system ]; then
    source_quietly "$ROOT/ros2_ws/install/rhov_msgs/share/rhov_msgs/package.bash"
    # what is in the repository, not an older copy in an install folder
    PYTHONPATH=$(printf "$ROOT/ros2_ws/src/%s:" "${PACKAGES[@]}")${PYTHONPATH:-}
    export PYTHONPATH
  else
    # inherited from another environment with ROS wheels it would keep ours from finding its libraries
    unset _ROS_WHEELS_BOOTSTRAP_COMPLETE
  fi
  eval "$("$PYTHON" -S "$ROOT/ros2_ws/src/rhov/rhov/environment.py")"
}
