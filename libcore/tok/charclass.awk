# charclass.awk - write charclass-table.h from the Unicode Character Database.
#
#   awk -v version=16.0.0 -f charclass.awk UnicodeData.txt > charclass-table.h
#
# Letters are the general categories L*, numbers N*. A range of the file is two lines, named
# "<..., First>" and "<..., Last>".
BEGIN {
    FS = ";"
}

function hex(s,    i, v) {
    v = 0
    for (i = 1; i <= length(s); i++)
        v = v * 16 + index("0123456789ABCDEF", substr(s, i, 1)) - 1
    return v
}

function add(kind, first, last,    n) {
    n = count[kind]
    if (n && to[kind, n] == first - 1) {
        to[kind, n] = last
        return
    }
    count[kind] = ++n
    from[kind, n] = first
    to[kind, n] = last
}

function print_table(kind, name,    i, item, line) {
    printf "static const struct range %s[] = {\n", name
    line = "   "
    for (i = 1; i <= count[kind]; i++) {
        item = sprintf(" {0x%x, 0x%x},", from[kind, i], to[kind, i])
        if (length(line item) > 100) {
            print line
            line = "   "
        }
        line = line item
    }
    print line "\n};"
}

{
    kind = substr($3, 1, 1)
    first = $2 ~ /, Last>$/ ? start : hex($1)
    start = hex($1)
    if ($2 !~ /, First>$/ && (kind == "L" || kind == "N"))
        add(kind, first, hex($1))
}

END {
    print "/* charclass-table.h - letters and numbers of Unicode " version ". Made by charclass.awk. */"
    print "/* clang-format off */"
    print_table("L", "letters")
    print ""
    print_table("N", "numbers")
    print "/* clang-format on */"
}
