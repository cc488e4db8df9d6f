#!/usr/bin/perl
# spec/requirements.csv and the marks REQ-nnn in comments of tests -> docs/REQUIREMENTS.md.
# Usage: tools/gen/requirements.pl [--check] [ROOT]
# --check writes nothing; it ends with `N passed, N failed`: the page is up to date, each requirement stands once, and
# done and part have a mark while open has none. `done` is set by hand, when tests show the requirement entirely.
use strict;
use warnings;
use utf8;
use File::Basename qw(dirname);

binmode STDOUT, ':encoding(UTF-8)';
my $check = @ARGV && $ARGV[0] eq '--check' ? shift @ARGV : '';
my $root = @ARGV ? $ARGV[0] : dirname(__FILE__) . '/../..';
chdir $root or die "requirements: cannot enter $root: $!\n";
my ($CSV, $PAGE) = ('spec/requirements.csv', 'docs/REQUIREMENTS.md');
my @AREAS = qw(open diagnose pay money security lock terms service chain scale);

sub read_text {
    my ($path) = @_;
    open my $in, '<:encoding(UTF-8)', $path or return '';
    local $/;
    my $text = <$in>;
    return defined $text ? $text : '';
}

sub fields {
    my ($line) = @_;
    my @cells;
    while ($line =~ /\G(?:"((?:[^"]|"")*)"|([^,]*))(?:,|$)/g) {
        (my $cell = defined $1 ? $1 : $2) =~ s/""/"/g;
        push @cells, $cell;
        last if pos($line) >= length $line;
    }
    return @cells;
}

sub test_files {
    my ($folder, $out) = @_;
    opendir my $handle, $folder or return;
    for my $name (sort readdir $handle) {
        next if $name =~ /^\./ || $name eq 'node_modules' || $name eq 'dist' || $name eq 'out';
        my $path = "$folder/$name";
        if (-d $path) {
            test_files($path, $out);
        } elsif ($folder =~ m{^tests(?:/|$)} ? $name =~ /\.(?:[ch]|sh|mjs|txt)$/ : $name =~ /\.test\.ts$/) {
            push @$out, $path;
        }
    }
}

# A mark belongs to the test or step that begins within the next four lines, else to the file.
sub marks {
    my %marks;
    my @files;
    test_files($_, \@files) for qw(tests web);
    for my $file (@files) {
        my @lines = split /\n/, read_text($file);
        for my $at (0 .. $#lines) {
            next unless $lines[$at] =~ m{^\s*(?://|/?\*|#).*\bREQ-\d{3}\b};
            my $name = '';
            for my $next (@lines[$at + 1 .. ($at + 4 < $#lines ? $at + 4 : $#lines)]) {
                next if $name ne '';
                $name = $1 if $next =~ /^static void (\w+)\(/ || $next =~ /^\s*(?:it|test)\('([^']+)'/;
                $name = $2 if $next =~ /^\s*(?:const \w+ = )?await step\((['"`])(.+?)\1/;
            }
            $name =~ s/\|/\\|/g;
            my $place = $name eq '' ? "`$file`" : "`$file` ($name)";
            while ($lines[$at] =~ /\bREQ-(\d{3})\b/g) {
                my $number = $1;
                push @{ $marks{$number} }, $place unless grep { $_ eq $place } @{ $marks{$number} || [] };
            }
        }
    }
    return \%marks;
}

my ($header, @lines) = split /\n/, read_text($CSV);
die "requirements: unexpected header in $CSV\n" unless defined $header && $header eq 'number,state,area,title,zh';
my @rows = map { [fields($_)] } grep { length } @lines;
my $marks = marks();
my @faults;
my (%known, %count);
for my $row (@rows) {
    my ($number, $state, $area, $title, $zh) = @$row;
    my $has = @{ $marks->{$number} || [] };
    push @faults, "REQ-$number stands twice" if $known{$number}++;
    push @faults, "REQ-$number: area '$area' is none of @AREAS" unless grep { $_ eq $area } @AREAS;
    push @faults, "REQ-$number: no title in both languages" unless $title =~ /[a-z]/ && defined $zh && $zh =~ /\p{Han}/;
    push @faults, "REQ-$number: state '$state' is none of done, part, open" unless $state =~ /^(?:done|part|open)$/;
    push @faults, "REQ-$number is '$state' but no test carries its mark" if $state ne 'open' && !$has;
    push @faults, "REQ-$number is open but marked in " . join(', ', @{ $marks->{$number} }) if $state eq 'open' && $has;
    $count{$state}++;
}
push @faults, "REQ-$_ of $marks->{$_}[0] is not in $CSV" for grep { !$known{$_} } sort keys %$marks;

my $page = "# Requirements\n\nMade by `tools/gen/requirements.pl` from `$CSV` and the marks `REQ-nnn` in tests; do not edit.\n\n"
  . "**done**: tests show it entirely. **part**: tests show a part of it. **open**: no test shows it; it may be built all the same.\n\n"
  . sprintf("%d requirements: %d done, %d part, %d open.\n", scalar @rows, map { $count{$_} || 0 } qw(done part open));
for my $area (@AREAS) {
    my @here = grep { $_->[2] eq $area } @rows;
    next unless @here;
    $page .= "\n## $area\n\n| | state | requirement | 中文 | shown by |\n|---|---|---|---|---|\n";
    for my $row (@here) {
        my ($number, $state, undef, $title, $zh) = @$row;
        $page .= "| REQ-$number | $state | $title | $zh | " . join('<br>', @{ $marks->{$number} || [] }) . " |\n";
    }
}

if ($check) {
    push @faults, "$PAGE is not up to date: run tools/gen/requirements.pl" if read_text($PAGE) ne $page;
    print "FAIL  $_\n" for @faults;
    printf "%d passed, %d failed\n", @rows + 1 - (@faults > @rows ? @rows : @faults), scalar @faults;
} else {
    warn "requirements: $_\n" for @faults;
    open my $out, '>:encoding(UTF-8)', $PAGE or die "requirements: cannot write $PAGE: $!\n";
    print $out $page;
    close $out or die "requirements: cannot write $PAGE: $!\n";
}
exit(@faults ? 1 : 0);
