//go:build mutant_cachedmark || mutant_intakefirst || mutant_memoryfirst || mutant_nochain || mutant_outboxfirst || mutant_puback || mutant_sumdistinct || mutant_wallclock

package main

// A program with a deliberate bug in it does not build, so that nobody ships
// one; testbench/mutants tests packages.
var _ = aProgramWithADeliberateBugIsNotBuilt
