#!/usr/bin/perl
# A list of passwords that leaked (JSON array of texts) -> spec/profiles/passwords-common.txt.
# Usage: tools/gen/blocklist.pl LIST.json > spec/profiles/passwords-common.txt
# Kept, in lower case: what is 10 … 64 characters long itself, and of all the stem, which is what stays when digits and
# signs at both ends are taken off; at least 4 characters, of printable ASCII. Sorted by bytes, each once.
use strict;
use warnings;
use JSON::PP;

open my $in, '<', $ARGV[0] or die "cannot read $ARGV[0]: $!\n";
my $list = JSON::PP->new->decode(join '', <$in>);
my %kept;
for my $entry (map { lc } @$list) {
    next if $entry !~ /\A[\x21-\x7E]+\z/;
    $kept{$entry} = 1 if length $entry >= 10 && length $entry <= 64;
    (my $stem = $entry) =~ s/\A[^a-z]+|[^a-z]+\z//g;
    $kept{$stem} = 1 if length $stem >= 4;
}
print <<'HEAD';
# Passwords that leaked, and their stems. Made by tools/gen/blocklist.pl from @zxcvbn-ts/language-common 4.1.3,
# Copyright (c) 2012-2016 Dan Wheeler and Dropbox, Inc.; Copyright (c) 2021 @zxcvbn-ts. MIT licence (docs/decisions).
HEAD
print "$_\n" for sort keys %kept;
