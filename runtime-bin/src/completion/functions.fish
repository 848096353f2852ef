# The ids of the containers below the state root that is typed.
function __orlop_ids
    set -l words (commandline -opc)
    set -l root
    for i in (seq 2 (count $words))
        switch $words[$i]
            case --root
                test $i -lt (count $words); and set root --root $words[(math $i + 1)]
            case '--root=*'
                set root $words[$i]
        end
    end
    orlop $root list --quiet 2>/dev/null
end

# Which argument of a command is typed; behind the command stand its flags that take a value.
function __orlop_place
    set -l words (commandline -opc)
    set -l at (contains -i -- $argv[1] $words)
    set -l place 1
    set -l skip
    for word in $words[(math $at + 1)..-1]
        if test -n "$skip"
            set skip
        else if contains -- $word $argv[2..-1]
            set skip yes
        else if not string match -q -- '-*' $word
            set place (math $place + 1)
        end
    end
    echo $place
end

complete -c orlop -f
