#!/usr/bin/perl
# spec/errors.csv -> gen/errors.h and gen/errors.c: the catalogue of refusals as a C enumeration and table.
use strict;
use warnings;

my ($csv, $out) = @ARGV;
die "usage: errors.pl errors.csv out-folder\n" unless defined $out;

sub fields {
    my ($line) = @_;
    my @cells;
    while (length $line) {
        if ($line =~ s/^"((?:[^"]|"")*)"(?:,|$)//) {
            (my $cell = $1) =~ s/""/"/g;
            push @cells, $cell;
        } else {
            $line =~ s/^([^,]*)(?:,|$)//;
            push @cells, $1;
        }
    }
    push @cells, '' while @cells < 6;
    return @cells;
}

sub c_text {
    my ($text) = @_;
    $text =~ s/([\\"])/\\$1/g;
    return "\"$text\"";
}

open my $in, '<', $csv or die "errors.pl: cannot read $csv: $!\n";
my $header = <$in>;
chomp $header;
die "errors.pl: unexpected header in $csv\n" unless $header eq 'code,http,zh,en,actions,field';
my (@names, @rows, %seen);
while (my $line = <$in>) {
    chomp $line;
    next unless length $line;
    my ($code, $http, $zh, $en, $actions, $field) = fields($line);
    die "errors.pl: bad code '$code'\n" unless $code =~ /^[a-z][a-z0-9-]*$/;
    die "errors.pl: '$code' stands twice\n" if $seen{$code}++;
    die "errors.pl: '$code' lacks a text\n" unless length $zh && length $en;
    (my $name = "CODE_$code") =~ tr/a-z-/A-Z_/;
    push @names, $name;
    push @rows, sprintf("    {%s, %d, %s, %s, %s, %s},", map { $_ } c_text($code), $http,
        c_text($zh), c_text($en), c_text($actions), c_text($field));
}
close $in;

mkdir $out;
open my $h, '>', "$out/errors.h" or die "errors.pl: $out: $!\n";
print $h "// Generated from spec/errors.csv by tools/gen/errors.pl.\n";
print $h "#ifndef GEN_ERRORS_H\n#define GEN_ERRORS_H\n\n#include <stdbool.h>\n\n";
print $h "enum code {\n    OK = 0,\n", join('', map { "    $_,\n" } @names), "    CODE_COUNT\n};\n\n";
print $h "// The code's public name, for example \"pin-wrong\"; \"ok\" for OK.\nconst char *error_slug(enum code code);\n";
print $h "// HTTP status; 0 for codes only a client makes.\nint error_http_status(enum code code);\n";
print $h "// Text with {placeholders}, zh-CN or English.\nconst char *error_text(enum code code, bool english);\n";
print $h "// Remedies separated by '|'; may be empty.\nconst char *error_actions(enum code code);\n";
print $h "// JSON pointer of the field it usually concerns; may be empty.\nconst char *error_field(enum code code);\n";
print $h "// Finds a code by its public name; CODE_COUNT when there is none.\nenum code error_by_slug(const char *slug);\n\n#endif\n";
close $h;

open my $c, '>', "$out/errors.c" or die "errors.pl: $out: $!\n";
print $c "// Generated from spec/errors.csv by tools/gen/errors.pl.\n#include \"gen/errors.h\"\n\n#include <string.h>\n\n";
print $c "static const struct {\n    const char *slug;\n    int http_status;\n    const char *zh, *en, *actions, *field;\n} ROWS[] = {\n";
print $c "    {\"ok\", 200, \"\", \"\", \"\", \"\"},\n", join("\n", @rows), "\n};\n\n";
for my $f (['const char *', 'error_slug', 'slug'], ['int ', 'error_http_status', 'http_status'],
    ['const char *', 'error_actions', 'actions'], ['const char *', 'error_field', 'field']) {
    print $c "$f->[0]$f->[1](enum code code)\n{\n    return ROWS[code < CODE_COUNT ? code : CODE_INTERNAL].$f->[2];\n}\n\n";
}
print $c "const char *error_text(enum code code, bool english)\n{\n    const enum code row = code < CODE_COUNT ? code : CODE_INTERNAL;\n";
print $c "    return english ? ROWS[row].en : ROWS[row].zh;\n}\n\n";
print $c "enum code error_by_slug(const char *slug)\n{\n    for (int code = 0; code < CODE_COUNT; code++)\n";
print $c "        if (strcmp(ROWS[code].slug, slug) == 0)\n            return (enum code)code;\n    return CODE_COUNT;\n}\n";
close $c;
