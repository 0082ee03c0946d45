# Completes dbacked's command lines in bash: eval "$(dbacked completion bash)"

_dbacked() {
  local program=${1/#\~\//$HOME/} current=$2 words=() lines=() glued='' word line
  # Bash parts words at = and :, which are joined again here.
  for word in "${COMP_WORDS[@]:1:COMP_CWORD}"; do
    if [[ ${#words[@]} -gt 0 && ($word == [=:] || -n $glued) ]]; then
      words[${#words[@]} - 1]+=$word
      if [[ $word == [=:] ]]; then glued=1; else glued=''; fi
    else
      words+=("$word")
    fi
  done
  word=${words[${#words[@]} - 1]}
  while IFS= read -r line; do lines+=("$line"); done \
    < <(printf '%s\n' "${words[@]}" | "$program" completion --offer 2>/dev/null)
  COMPREPLY=()
  case ${lines[0]-} in
    # With nothing in COMPREPLY, bash itself completes paths.
    files) ;;
    folders) compopt -o dirnames +o default +o bashdefault 2>/dev/null ;;
    *)
      compopt +o default +o bashdefault 2>/dev/null
      for line in "${lines[@]:1}"; do
        line=${line%%$'\t'*}
        # What bash replaces is only the part behind = or :.
        COMPREPLY+=("${line#"${word%"$current"}"}")
      done
      ;;
  esac
}

complete -o bashdefault -o default -F _dbacked dbacked
