#!/usr/bin/perl
# sql/NNNN-title.sql -> one C table of statements for both engines.
# {INT} {BLOB} {TEXT} {STRICT} are the only dialect words; `-- @sqlite`, `-- @postgres`, `-- @both` fence what only one engine
# understands; `-- @begin` … `-- @end` fences one statement that holds semicolons of its own.
use strict;
use warnings;
use Digest::SHA;

my ($folder, $out) = @ARGV;
die "usage: migrations.pl sql-folder out.c\n" unless defined $out;

sub statements {
    my ($text, $engine) = @_;
    my ($active, $fenced, $current, @found) = (1, 0, '');
    for my $line (split /\n/, $text) {
        if ($line =~ /^-- \@(sqlite|postgres|both)\s*$/) {
            $active = $1 eq 'both' || $1 eq $engine;
            next;
        }
        next unless $active;
        if ($line =~ /^-- \@begin\s*$/) { $fenced = 1; next; }
        if ($line =~ /^-- \@end\s*$/) { $fenced = 0; push @found, $current; $current = ''; next; }
        next if !$fenced && $line =~ /^\s*(--.*)?$/;
        $line =~ s/\s+--\s.*$// unless $fenced;
        $current .= "$line\n";
        if (!$fenced && $line =~ /;\s*$/) { push @found, $current; $current = ''; }
    }
    die "migrations.pl: unfinished statement: $current\n" if $current =~ /\S/;
    my %word = $engine eq 'sqlite'
        ? (INT => 'INTEGER', BLOB => 'BLOB', TEXT => 'TEXT', STRICT => ' STRICT')
        : (INT => 'BIGINT', BLOB => 'BYTEA', TEXT => 'TEXT', STRICT => '');
    for (@found) {
        s/\s*\{STRICT\}/$word{STRICT}/g;
        s/\{(INT|BLOB|TEXT)\}/$word{$1}/g;
    }
    return @found;
}

sub c_array {
    my ($name, @found) = @_;
    my $body = join '', map { my $s = $_; $s =~ s/([\\"])/\\$1/g; $s =~ s/\n/\\n"\n    "/g; "    \"$s\",\n" } @found;
    return "static const char *const ${name}[] = {\n${body}    NULL};\n";
}

my (@rows, $code);
$code = "// Generated from sql/ by tools/gen/migrations.pl.\n#include \"db/db.h\"\n\n#include <stddef.h>\n\n";
for my $file (sort glob "$folder/*.sql") {
    my ($number, $title) = $file =~ m{/(\d{4})-([a-z0-9-]+)\.sql$} or die "migrations.pl: bad name $file\n";
    open my $in, '<', $file or die "migrations.pl: $file: $!\n";
    my $text = do { local $/; <$in> };
    close $in;
    $code .= c_array("SQLITE_$number", statements($text, 'sqlite'));
    $code .= c_array("POSTGRES_$number", statements($text, 'postgres'));
    push @rows, sprintf("    {%d, \"%s\", \"%s\", SQLITE_%s, POSTGRES_%s},\n", $number, $title,
        Digest::SHA::sha256_hex($text), $number, $number);
}
$code .= "\nconst struct db_migration DB_MIGRATIONS[] = {\n" . join('', @rows) . "    {0, NULL, NULL, NULL, NULL}};\n";
open my $o, '>', $out or die "migrations.pl: $out: $!\n";
print $o $code;
close $o;
