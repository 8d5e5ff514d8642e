// Package c3 holds the words of the provinces' feeds: what a catalogue, a
// subscriber, a change, an order and a product are once a province's way of
// writing them has been read, and what a province is told in return. It does no
// I/O. The packages below it each do one step:
//
//	charset    bytes in GBK, GB18030 or UTF-8, dirty or not, into clean UTF-8
//	adi        catalogue XML, object by object
//	delimited  records and fields of a delimited or fixed-width file
//	dialect    how a province writes its files, in YAML; records into rows
//	normal     genre, place of production and provider by dictionaries
//	fetch      a file from where a message says it lies
//	soap       messages of catalogue and order systems
//	inbox      a file from the folder into the store, and its receipt back
//	courier    what messages say, kept and seen through
package c3
