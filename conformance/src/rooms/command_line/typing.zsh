# Types lines at an interactive zsh, each with the tabulator key at its end, and prints what is to be seen after each.
# typing.zsh COMPLETIONS LINE...
zmodload zsh/zpty
source_of=$1
shift
TERM=dumb zpty shell zsh -f -i

# Reads up to what fits a pattern: what the shell prints when it is through with a line, and then its prompt, which tells
# that it reads keys.
await() {
    local seen=
    zpty -r shell seen $1
    print -r -- $seen
}

zpty -w shell "PS1=go''on%%; LISTMAX=1000; autoload -Uz compinit; compinit -u -D; source $source_of; print rea''dy"
await '*ready*goon' >/dev/null
for line in "$@"; do
    zpty -w -n shell $line$'\t\t\x15'
    zpty -w shell "print en''d"
    await '*end*goon'
    print -- ----
done
zpty -d shell
