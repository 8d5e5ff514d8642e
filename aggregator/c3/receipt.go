package c3

import "iptvdc/aggregator"

// Feed is what a file holds.
type Feed uint8

const (
	FeedNone        Feed = iota
	FeedCatalogue        // ADI
	FeedSubscribers      // all accounts at the end of a day
	FeedChanges          // what happened to accounts
	FeedOrders
	FeedProducts

	Feeds = FeedProducts + 1
)

// Fault is why a record was not taken. It goes to the province in the receipt
// and to the operator's page: Code for machines, Text for people, both without
// anything that is secret.
type Fault struct {
	Line  int64  // in the file, from 1; 0: the file as a whole
	Field string // as the province calls it; "": the record as a whole
	Code  string // as bad_time, see the codes below
	Text  string // in English; the receipt adds the Chinese by Code
	Raw   string // what was found, at most MaxRaw bytes
}

// MaxRaw is how much of a faulty record is kept.
const MaxRaw = 512

// Codes of faults. A file fault refuses the whole file, a record fault one
// record.
const (
	// File faults.
	FaultEmpty      = "empty_file"     // nothing in it
	FaultTruncated  = "truncated"      // it ends in the middle, or its trailer is missing
	FaultManifest   = "manifest"       // size, rows or checksum differ from what was announced
	FaultHeader     = "header"         // names or number of columns are not those agreed
	FaultMalformed  = "malformed"      // no XML, or not of the agreed form
	FaultTooDeep    = "too_deep"       // nested deeper than any catalogue is
	FaultTooLarge   = "too_large"      // larger than allowed
	FaultShrunk     = "shrunk"         // a full file with far fewer rows than the one before: waits for an operator
	FaultMostlyBad  = "mostly_bad"     // so many records are bad that the file is not believed
	FaultDay        = "bad_day"        // no day in its name, or one that cannot be
	FaultOlder      = "older_version"  // a later version of the same day's file was taken before
	FaultUnknown    = "unknown_file"   // no dialect of the province takes a file of that name
	FaultUnreadable = "unreadable"     // it cannot be opened
	FaultSpace      = "out_of_storage" // ours; the file stays and is tried again
	FaultRejected   = "rejected"       // an operator looked at it and refused it

	// Record faults.
	FaultCharset    = "bad_charset"  // bytes that are no text in the agreed charset
	FaultColumns    = "columns"      // too few or too many fields
	FaultRequired   = "required"     // a field that must not be empty is
	FaultCode       = "unknown_code" // a code that the dialect does not know
	FaultTime       = "bad_time"     // no time of the agreed format, or one that cannot be
	FaultNumber     = "bad_number"   // no number, or one that cannot be
	FaultLong       = "too_long"     // a field longer than allowed
	FaultDuplicate  = "duplicate"    // the key came before in the same file
	FaultCity       = "unknown_city" // no city of the province
	FaultElement    = "unknown_type" // an object or mapping of a type we do not know
	FaultIncomplete = "incomplete"   // an object or mapping without action, type or code
)

// Outcome is what became of a file.
type Outcome uint8

const (
	OutcomeNone     Outcome = iota
	OutcomeAccepted         // all of it is in
	OutcomePartly           // in, but for the records named
	OutcomeRefused          // nothing of it is in
	OutcomeWaiting          // nothing of it is in, until an operator decides
	OutcomeRepeated         // the very same file was taken before; nothing changed
)

// Receipt is what a province is told of a file. Records = Accepted + Rejected +
// Repeated, for every outcome but Refused and Waiting, which have Accepted 0.
type Receipt struct {
	Province aggregator.Province
	Feed     Feed
	File     string // its name
	Day      aggregator.Day
	Outcome  Outcome
	Records  int64
	Accepted int64
	Rejected int64
	Repeated int64 // records that were there before and say nothing new
	// Faults are the first of what was wrong, at most MaxFaults; Counts has how
	// often each code came in all.
	Faults []Fault
	Counts map[string]int64
}

// MaxFaults is how many faults of a file are kept.
const MaxFaults = 1000
