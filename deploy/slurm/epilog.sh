#!/bin/bash
# Slurm's Epilog: tells a job, in its own output, which known error ended it. docs/slurm.md.
#
# Runs as root after each job. It must not fail: Slurm would drain the node. Reads and writes as the job's
# user, and so nothing that the user could not read or write.
set -u
export PATH="${LOGWATCH_BIN:-/opt/logwatch/bin}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
jobs="${LOGWATCH_JOBS:-/run/logwatch-jobs}"
# A node is not free for the next job before this has ended: some hundred megabytes a second are read.
seconds="${LOGWATCH_EPILOG_S:-30}"

# Appends what is found in the files to the first of them; each line is marked, so that it is not found again.
# Nothing is said where nothing known was found.
read -r -d '' tell <<'SCRIPT' || true
  report="$(timeout "$0" logwatch scan --incidents -- "$@" 2>/dev/null)"
  if [ $? -eq 1 ]; then
    printf '\n%s\n' "$report" | sed 's/^/logwatch| /' >>"$1"
  fi
SCRIPT

as_user() {
  if [[ $(id -u) -eq 0 ]]; then runuser -u "$SLURM_JOB_USER" -- "$@"; else "$@"; fi
}

main() {
  [[ ${SLURM_JOB_ID:-} =~ ^[0-9]+$ && -n ${SLURM_JOB_USER:-} ]] || return
  local folder="$jobs/$SLURM_JOB_ID" files=() name path
  for name in stdout stderr; do
    path="$(readlink -- "$folder/$name.log")" && files+=("$path")
  done
  [[ ${#files[@]} -gt 0 ]] || return
  (cd / && LOGWATCH_CACHE=/nonexistent as_user bash -c "$tell" "$seconds" "${files[@]}" </dev/null)
  rm -r -- "$folder"
}

main
exit 0
