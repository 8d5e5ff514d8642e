// Package oldkernel runs a program as a kernel of the age of Linux 3.10 would: every
// system call that came later is answered with ENOSYS, and noted. A seccomp filter, which
// needs no rights, hands them to whoever started the program.
//
// What it cannot show: calls that were there and did less, and bugs of that age.
package oldkernel
