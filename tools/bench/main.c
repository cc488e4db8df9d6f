// tongbao-bench: finds the subcommand and runs it.
#include "bench.h"

#include "base/base.h"

#include <sodium.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    if (sodium_init() < 0)
        return 1;
    if (argc > 1 && text_equal(argv[1], "prepare"))
        return bench_prepare(argc - 1, argv + 1);
    if (argc > 1 && text_equal(argv[1], "load"))
        return bench_load(argc - 1, argv + 1);
    fputs("Usage: tongbao-bench prepare|load [options]\n", stderr);
    return 2;
}
