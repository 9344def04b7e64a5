# SPDX-License-Identifier: MIT
#
# Completion of tinyvmm's command line for bash: options, verbs, then files.
# tests/lua/docs.lua compares it with the program.

_tinyvmm()
{
  local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
  local verb= word skip= i words= files=
  # The first word that is neither an option nor the value of one.
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    if [[ $skip ]]; then skip=; continue; fi
    case $word in
      --backend | --cpu | -e) skip=1 ;;
      -*) ;;
      *) verb=$word; break ;;
    esac
  done
  [[ $before == = ]] && before=${COMP_WORDS[COMP_CWORD - 2]}
  [[ $current == = ]] && current=
  case $before in
    --backend) words="soft hvf kvm best" ;;
    --cpu) words="max cortex-a53 cortex-a57 cortex-a72 cortex-a76 neoverse-n1
      armv8.0 armv8.1 armv8.2 armv8.3 armv8.4 armv8.5 armv8.6 armv8.7" ;;
    --semihosting | --trace | --trace-json | --profile | --symbols | -o) files='*' ;;
    --ram) words="1M 64M 1G" ;;
    --gic) words=v3 ;;
    --reg | --load | --smp | --budget | --timeout | --profile-every | -b | -e)
      return ;;
    help) words="run asm dis backends help --help" ;;
    *) case $verb in
      '')
        words="run asm dis backends help --backend --cpu -e -i -v --version
          --help"
        files='*.lua' ;;
      run)
        words="--ram --load --reg --smp --gic --symbols --budget --timeout
          --no-strict --semihosting -W --no-warn --fatal-warnings --trace
          --trace-json --profile --profile-every --regs --stats --backend --cpu
          -v --help"
        files='*' ;;
      asm) words="-o -l --load -W --no-warn --fatal-warnings --help" files='*.[sS]' ;;
      dis) words="-b --help" files='*' ;;
      backends | help) words="--help" ;;
      *) files='*' ;;
    esac ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  if [[ $files && $current != -* ]]; then
    compopt -o filenames 2>/dev/null
    local IFS=$'\n'
    [[ $files == '*' ]] || COMPREPLY+=($(compgen -d -- "$current"))
    COMPREPLY+=($(compgen -f -X "!$files" -- "$current"))
  fi
} && complete -F _tinyvmm tinyvmm
