# Tests in plain sh, reported as JUnit XML in /tmp/junit.xml.
#   suite web.unit; check NAME EXPECTED ACTUAL; …; finish
suite() { suite=$1 cases=0 failures=0; : >/tmp/cases.xml; }

escape() { printf '%s' "$1" | sed 's/&/\&amp;/g; s/</\&lt;/g; s/>/\&gt;/g; s/"/\&quot;/g'; }

check() {
  cases=$((cases + 1))
  if [ "$2" = "$3" ]; then
    echo "ok      $1"
    printf '  <testcase classname="%s" name="%s"/>\n' "$suite" "$1" >>/tmp/cases.xml
  else
    failures=$((failures + 1))
    echo "FAILED  $1: expected '$2', got '$3'"
    printf '  <testcase classname="%s" name="%s"><failure message="expected %s, got %s"/></testcase>\n' \
      "$suite" "$1" "$(escape "$2")" "$(escape "$3")" >>/tmp/cases.xml
  fi
}

finish() {
  {
    echo '<?xml version="1.0" encoding="UTF-8"?>'
    printf '<testsuite name="%s" tests="%s" failures="%s">\n' "$suite" "$cases" "$failures"
    cat /tmp/cases.xml
    echo '</testsuite>'
  } >/tmp/junit.xml
  [ "$failures" -eq 0 ]
}
