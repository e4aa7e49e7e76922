# What the program finds around it: one charset, and folders that can be written. Sourced by the launcher, once java_settings
# are known.
#   EQUIPOISE_CACHE   the folder of all that is kept from one start to the next; default: equipoise in XDG_CACHE_HOME, or
#                     .cache/equipoise in HOME, or where these can't be written a folder of the user's own under /tmp

# Java decodes arguments and names of files by the locale, and would put other characters in the place of é in C's, which is
# a container's default. Everything here is UTF-8.
choose_locale() {
  local candidate before=$java_settings
  [[ $(java_property sun.jnu.encoding) != UTF-8 ]] || return 0
  for candidate in C.UTF-8 en_US.UTF-8 $(locale -a 2>/dev/null || true); do
    [[ $candidate =~ [uU][tT][fF]-?8$ ]] || continue
    # Java is asked again, for a locale that isn't installed is C's; by env, for bash would warn of that.
    java_settings=$(env LC_ALL="$candidate" "$java" -XX:+PrintCommandLineFlags -XshowSettings:properties -version 2>&1) ||
      continue
    if [[ $(java_property sun.jnu.encoding) == UTF-8 ]]; then
      export LC_ALL=$candidate
      return
    fi
  done
  java_settings=$before
  # Plain ASCII means the same in every charset.
  local LC_ALL=C
  if [[ "$* $PWD $root" == *[!\ -~]* ]]; then
    say "there is no UTF-8 locale here, without which Java can't read: $* (in $PWD); install one, such as C.UTF-8."
    exit 2
  fi
}

# Makes a folder if there is none; whether it can be used.
usable() {
  mkdir -p -- "$1" 2>/dev/null && [[ -d $1 && -w $1 && -x $1 ]]
}

# The same of one that is nobody else's: anybody may have made a folder of that name under /tmp, and put programs into it.
private() {
  mkdir -m 700 -- "$1" 2>/dev/null || true
  [[ -d $1 && ! -L $1 && -O $1 ]] && chmod 700 -- "$1" && [[ -w $1 ]]
}

# Sets home, the folder of the user's own, and cache, that of everything kept.
choose_folders() {
  home=${HOME:-}
  [[ $home == /* ]] || home=$(java_property user.home)
  temporary=${TMPDIR:-/tmp}
  cache=${EQUIPOISE_CACHE:-}
  if [[ -n $cache ]]; then
    # A ~ in quotes is left to us.
    if [[ $cache == "~" || $cache == "~/"* ]]; then cache=$home${cache#"~"}; fi
    [[ $cache == /* ]] || cache=$PWD/$cache
    usable "$cache" || {
      say "EQUIPOISE_CACHE is $EQUIPOISE_CACHE, which can't be made or can't be written; name another folder."
      exit 2
    }
  else
    # A relative path there is to be ignored, as the XDG specification says.
    cache=${XDG_CACHE_HOME:-}
    [[ $cache == /* ]] || cache=$home/.cache
    cache=$cache/equipoise
    if [[ $cache != /* ]] || ! usable "$cache"; then
      local reason="$cache can't be written"
      [[ $cache == /* ]] || reason="there is no home folder"
      cache=$temporary/equipoise-$EUID
      [[ -e $cache ]] || say "$reason: what is kept is in $cache; EQUIPOISE_CACHE names another folder."
      private "$cache" || {
        say "$reason, and $cache isn't a folder of yours alone; name another folder by EQUIPOISE_CACHE."
        exit 2
      }
    fi
  fi
  # Of a user whom the system doesn't know Java says ?, and would make a folder of that name.
  [[ $home == /* ]] || home=$cache
  if [[ ! -d $temporary || ! -w $temporary ]]; then
    temporary=$cache/tmp
    mkdir -p -- "$temporary"
  fi
}
