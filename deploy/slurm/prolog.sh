#!/bin/bash
# Slurm's Prolog: shows the logwatch of this node where a job writes, under the job's id. docs/slurm.md.
#
# Runs as root before each job. It must not fail: Slurm would drain the node. Each job gets a folder of links,
# on the node that its batch script runs on; its other nodes write to the same files.
set -u
umask 022
export PATH="${LOGWATCH_BIN:-/opt/logwatch/bin}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
jobs="${LOGWATCH_JOBS:-/run/logwatch-jobs}"
# A job that never ends in order leaves its folder behind, which is removed after so many days.
keep_days=30

# The value of a key in what `scontrol show job` has said: the rest of its line, or up to the next blank.
rest_of() { sed -n "s/^ *$1=//p" <<<"$said" | head -n 1; }
word_of() { sed -n "s/^.*\b$1=\([^ ]*\).*$/\1/p" <<<"$said" | head -n 1; }

link() {
  local name="$1" path="${2//%[jA]/$SLURM_JOB_ID}"
  # Other patterns were not filled in, and stand for several files: a site names their folder in logwatch.yaml.
  if [[ $path == /* && $path != *%* && $path != /dev/null ]]; then
    mkdir -p "$jobs/$SLURM_JOB_ID" && ln -sfn -- "$path" "$jobs/$SLURM_JOB_ID/$name.log"
  fi
}

main() {
  [[ ${SLURM_JOB_ID:-} =~ ^[0-9]+$ ]] || return
  mkdir -p "$jobs"
  find "$jobs" -mindepth 1 -maxdepth 1 -mtime "+$keep_days" -exec rm -r -- {} +
  said="$(timeout 10 scontrol show job "$SLURM_JOB_ID")" || return
  local batch_host
  batch_host="$(word_of BatchHost)"
  [[ $batch_host == "${SLURMD_NODENAME:-$(hostname -s)}" ]] || return
  local out err
  out="$(rest_of StdOut)"
  err="$(rest_of StdErr)"
  link stdout "$out"
  [[ $err == "$out" ]] || link stderr "$err"
}

main
exit 0
