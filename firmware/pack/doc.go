// Package pack writes what firmware is delivered in: tar, cpio and Debian
// archives, of a tree that lies in memory. The same tree gives the same bytes:
// entries are sorted, everything belongs to root, all times are one.
package pack
