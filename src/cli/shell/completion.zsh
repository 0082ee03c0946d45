#compdef dbacked
# Completes dbacked's command lines in zsh: eval "$(dbacked completion zsh)", or as _dbacked in a folder of $fpath.

_dbacked() {
  local -a lines offers
  local kind line
  lines=("${(@f)$(printf '%s\n' "${(@Q)words[2,CURRENT]}" | ${(Q)words[1]/#\~\//$HOME/} completion --offer 2>/dev/null)}")
  kind=$lines[1]
  case $kind in
    files | folders)
      [[ $PREFIX == --*=* ]] && compset -P '--*='
      if [[ $kind == files ]]; then _files; else _files -/; fi
      ;;
    words)
      for line in "${(@)lines[2,-1]}"; do
        offers+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
      done
      _describe dbacked offers
      ;;
  esac
}

if [[ ${funcstack[1]} == _dbacked ]]; then
  _dbacked "$@"
else
  compdef _dbacked dbacked
fi
