#!/usr/bin/env bash
# Make _build/platforms/arm64: QEMU's emulator for one process, and a folder with Debian's own
# Python and NumPy for 64-bit Arm that it runs. `tests/platforms.py --arm64` uses both.
#
# Needs Debian or a system like it, with apt. Nothing is installed into the system: apt works on
# lists and a cache of its own, with the system's sources, and the packages are only unpacked.
set -euo pipefail
cd "$(dirname "$0")/../.."
here="$PWD/_build/platforms/arm64"
[[ -e "$here/ready" ]] && exit

packages() { # ARCHITECTURE PACKAGE...: download them, with what they depend on, into a folder
  local folder="$here/$1" options
  mkdir -p "$folder/lists/partial" "$folder/archives/partial"
  : >"$folder/status"
  options=(-qq -o "APT::Architecture=$1" -o "APT::Architectures=$1" -o "Dir::State=$folder"
    -o "Dir::State::lists=$folder/lists" -o "Dir::State::status=$folder/status"
    -o "Dir::Cache=$folder" -o "Dir::Cache::archives=$folder/archives"
    -o APT::Sandbox::User=root -o APT::Install-Recommends=false -o Debug::NoLocking=true)
  apt-get "${options[@]}" update
  apt-get "${options[@]}" --yes --download-only install "${@:2}"
}

packages amd64 qemu-user-static
packages arm64 python3 python3-numpy python3-threadpoolctl libopenblas0-pthread
mkdir -p "$here/emulator" "$here/root"
dpkg -x "$here"/amd64/archives/qemu-user-static_*.deb "$here/emulator"
for package in "$here"/arm64/archives/*.deb; do
  dpkg -x "$package" "$here/root"
done
rm -rf "$here/amd64" "$here/arm64"
touch "$here/ready"
