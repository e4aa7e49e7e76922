# The programs that Equipoise needs: java to run; javac and a C++ compiler too where there is something to build. Sourced by
# the launcher and by what every push runs. What is there is never touched: only what is absent is installed, and only with
# root's rights on Debian and its children.
#   JAVA_HOME           the JDK to use (17 or newer); default: the java on the PATH
#   CXX                 the C++ compiler; default: g++
#   EQUIPOISE_INSTALL   no: never install anything
readonly OLDEST_JAVA=17

say() { printf 'equipoise: %s\n' "$*" >&2; }

java=${JAVA_HOME:+$JAVA_HOME/bin/}java
compiler=${CXX:-g++}
compiler=${compiler%% *}

# What java said of itself, one property a line. Asked for once: a JVM takes longer to start than everything else here.
java_settings=""

ask_java() {
  local words
  java_settings=$("$java" -XX:+PrintCommandLineFlags -XshowSettings:properties -version 2>&1) && return
  # Without the options, so that nothing is shown that nobody asked for.
  words=$("$java" -version 2>&1) || true
  say "$(command -v "$java") is there but doesn't start. It says:"
  printf '%s\n' "$words" >&2
  say "Mend that (JAVA_TOOL_OPTIONS, JDK_JAVA_OPTIONS, ulimit -v, the current folder), or name another JDK by JAVA_HOME."
  exit 2
}

# A system property of java's, by name; nothing if it doesn't say.
java_property() {
  local line
  while IFS= read -r line; do
    if [[ $line =~ ^\ +"$1 = "(.*) ]]; then printf '%s' "${BASH_REMATCH[1]}"; return; fi
  done < <(printf '%s\n' "$java_settings")
}

# 17 for 17, 8 for 1.8; 0 if it doesn't say.
java_version() {
  local version
  version=$(java_property java.specification.version)
  version=${version#1.}
  [[ $version =~ ^[0-9]+ ]] && printf '%s' "${BASH_REMATCH[0]}" || printf 0
}

require_java_version() {
  ask_java
  (($(java_version) < OLDEST_JAVA)) || return 0
  say "$(command -v "$java") is Java $(java_property java.version), wanted $OLDEST_JAVA or newer; name another by JAVA_HOME" \
    "(on Debian and Ubuntu: apt-get install openjdk-17-jdk-headless)."
  exit 2
}

# Whether java has a compiler: Maven takes the one of the java that it runs on, wherever another javac may be.
require_javac() {
  local folder
  folder=$(java_property java.home)
  [[ -x $folder/bin/javac ]] && return
  say "there is something to build, for which a JDK is needed, but $folder has no javac; install it (on Debian and Ubuntu:" \
    "apt-get install openjdk-$(java_version)-jdk-headless) or name a JDK by JAVA_HOME."
  exit 2
}

# install WHAT PACKAGE…, or tell how.
install() {
  local needed=$1
  shift
  local command="apt-get install -y --no-upgrade $*"
  if ((EUID != 0)) || [[ ${EQUIPOISE_INSTALL:-} == no ]] || ! command -v apt-get >/dev/null; then
    say "needed, but not there: $needed. On Debian and Ubuntu:"
    say "  sudo $command"
    exit 2
  fi
  say "$command"
  {
    apt-get update -q || true
    DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-upgrade "$@"
  } >&2 || { say "could not install $*; install $needed yourself"; exit 1; }
  hash -r
}

# require_tools run|build: exits with a message if something is missing that can't be installed; then java_settings are known.
require_tools() {
  local packages=() needed="" there=yes
  if command -v "$java" >/dev/null; then
    # First, for nothing may be installed beside a java that is there but can't be used.
    require_java_version
    if [[ $1 == build ]]; then require_javac; fi
  elif [[ -n ${JAVA_HOME:-} ]]; then
    say "JAVA_HOME is $JAVA_HOME, but there is no $java; unset it or name a JDK of version $OLDEST_JAVA or newer."
    exit 2
  else
    there=no
    if [[ $1 == build ]]; then
      packages+=(openjdk-17-jdk-headless) needed="a JDK (version $OLDEST_JAVA or newer)"
    else
      packages+=(openjdk-17-jre-headless) needed="java (version $OLDEST_JAVA or newer)"
    fi
  fi
  if [[ $1 == build ]] && ! command -v "$compiler" >/dev/null; then
    if [[ -n ${CXX:-} ]]; then
      say "CXX is $CXX, but there is no $compiler; unset it or name a C++ compiler."
      exit 2
    fi
    packages+=(g++) needed+="${needed:+ and }g++"
  fi
  ((${#packages[@]})) || return 0
  install "$needed" "${packages[@]}"
  local tool
  for tool in "$java" "$compiler"; do
    [[ $tool == "$compiler" && $1 != build ]] && continue
    command -v "$tool" >/dev/null || { say "still missing after the installation: $tool"; exit 1; }
  done
  if [[ $there == no ]]; then
    require_java_version
    if [[ $1 == build ]]; then require_javac; fi
  fi
}
