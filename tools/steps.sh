# Sourced by tools/test and tools/check: runs steps one after the other, all of them, and sums up at the end.
#
#   step NAME COMMAND...    heading, output, then on to the next whatever it returned
#   summary                 what failed, then a table of step, result, seconds; returns 1 if a step failed
#
# Each step's output is also kept in target/steps/.
# shellcheck shell=bash
step_names=() step_logs=() step_results=() step_seconds=() step_counts=()
steps_log=target/steps
mkdir -p "$steps_log"

step() {
  local name=$1 log start=$SECONDS code counts
  shift
  log=$steps_log/$(printf '%s' "$name" | tr -cs 'A-Za-z0-9' '-').log
  printf '\n==== %s: %s\n' "$name" "$*"
  "$@" </dev/null 2>&1 | tee "$log"
  code=${PIPESTATUS[0]}
  # cargo's, wasm-bindgen's and node's test runners all end with such a line per test binary
  counts=$(sed -nE 's/.*test result: .* ([0-9]+) passed; ([0-9]+) failed;( ([0-9]+) ignored)?.*/\1 \2 \4/p' "$log" |
    awk '{p += $1; f += $2; i += $3} END {if (NR) {printf "%d passed", p; if (f) printf ", %d failed", f; if (i) printf ", %d ignored", i}}')
  step_names+=("$name")
  step_logs+=("$log")
  step_seconds+=($((SECONDS - start)))
  step_counts+=("$counts")
  if [ "$code" = 0 ]; then step_results+=(ok); else step_results+=("FAILED ($code)"); step_counts[-1]+="  see $log"; fi
}

summary() {
  local i bad=0
  for i in "${!step_names[@]}"; do
    [ "${step_results[$i]}" = ok ] || complaint "${step_names[$i]}" "${step_logs[$i]}"
  done
  printf '\n==== summary\n'
  for i in "${!step_names[@]}"; do
    printf '%-44s %-13s %5s s  %s\n' "${step_names[$i]}" "${step_results[$i]}" "${step_seconds[$i]}" "${step_counts[$i]}"
    [ "${step_results[$i]}" = ok ] || bad=$((bad + 1))
  done
  printf '%d steps, %d failed, %d s\n' "${#step_names[@]}" "$bad" "$SECONDS"
  [ "$bad" = 0 ]
}

# Why a step failed, once more at the end: whoever sees only the last page of a run sees that.
complaint() {
  printf '\n==== why %s failed, from %s\n' "$1" "$2"
  grep -nE -A 12 'panicked at|^error|^FAIL|^not ok|FAILED|[Tt]imed out|[Tt]imeout' "$2" | tail -n 60 | cut -c 1-300
  printf '%s\n' '---- its last lines'
  tail -n 12 "$2" | cut -c 1-300
}
