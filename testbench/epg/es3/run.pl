# Runs the files that are named, one behind the other, in one ECMAScript 3
# interpreter, and prints what the last one evaluates to.
use strict;
use warnings;
use JE;

my $engine = JE->new;
my $result;
for my $file (@ARGV) {
    open my $in, '<:encoding(UTF-8)', $file or die "$file: $!\n";
    local $/;
    $result = $engine->eval(scalar <$in>, $file);
    die "$file: $@\n" if $@;
}
binmode STDOUT, ':encoding(UTF-8)';
print $result;
