# Runs one suite of tests in a process of its own and shows what it said when it is over, so that several can run at once.
# Usage: sh stack/suite.sh PYTHON SUITE [pytest arguments]
python=$1 suite=$2
shift 2
said=$(mktemp "${TMPDIR:-/tmp}/suite.XXXXXX") || exit 1
trap 'rm -f "$said"' EXIT
began=$(date +%s)
"$python" -m pytest "$suite" "$@" >"$said" 2>&1
code=$?
printf '\n%s: %s in %s s\n' "$suite" "$([ $code -eq 0 ] && echo passed || echo FAILED)" "$(($(date +%s) - began))"
cat "$said"
exit $code
