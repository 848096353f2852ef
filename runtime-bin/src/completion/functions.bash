# Which argument of a command is typed: the command is at $at, $takes are its flags that take a value. What is typed as
# --flag=value is three words for bash.
_orlop_place() {
    local i=$((at + 1))
    place=1
    while [ $i -lt $COMP_CWORD ]; do
        case ${COMP_WORDS[i]} in
            -*)
                case " $takes " in
                    *" ${COMP_WORDS[i]} "*)
                        i=$((i + 1))
                        [ "${COMP_WORDS[i]}" = = ] && i=$((i + 1))
                        ;;
                esac
                ;;
            *) place=$((place + 1)) ;;
        esac
        i=$((i + 1))
    done
}
