#compdef orlop

# The ids of the containers below the state root that is typed.
_orlop_ids() {
    local -a ids
    ids=(${(f)"$(orlop $root list --quiet 2>/dev/null)"})
    compadd -a ids
}
