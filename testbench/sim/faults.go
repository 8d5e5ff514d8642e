package sim

// Faults says how often what goes wrong, each as a probability.
type Faults struct {
	Twice      float64 // a message is delivered twice
	Disorder   float64 // a message overtakes others
	AckLost    float64
	AckTwice   float64
	Killed     float64 // an aggregator dies between commit and ack, and starts again
	NoCommit   float64 // the ledger's commit fails: nothing is kept, the box hears busy
	LoaderCut  float64 // the loader dies between insert and telling the ledger
	Harm       float64 // a message is damaged, misled or not from a box
	Poison     float64 // a box seals a batch under a wrong codec
	WrongClock float64 // a box starts with a wrong clock, which it believes in three of four cases
	DiskError  float64 // a commit on a box fails, applied or not, and the box goes on

	// The rest are per step.
	PowerCut   float64
	BrokerLoss float64 // the broker loses all it holds
	Outage     float64 // the centre takes nothing for 20 to 100 steps
	Wipe       float64 // a box's flash is emptied
	Clone      float64 // a second box starts with a copy of a box's flash
	OldImage   float64 // a box's flash is set back to an earlier copy
	Outlaw     float64 // a box is not admitted for 10 to 50 steps
}

// Setting is a named set of faults.
type Setting struct {
	Name   string
	Faults Faults
	Loader bool // the real loader loads, and boxes tell what the time is
}

// Settings are the four worlds that every change of the rules must survive:
// without loss of flash, with wiped flash, with clones and old images too, and
// with all that and what the door and the loader are there for.
func Settings() []Setting {
	plain := Faults{Twice: 0.15, Disorder: 0.30, AckLost: 0.20, AckTwice: 0.10, Killed: 0.10, NoCommit: 0.05, LoaderCut: 0.20,
		DiskError: 0.02, PowerCut: 0.04, BrokerLoss: 0.007, Outage: 0.004}
	wipes := plain
	wipes.Wipe = 0.005
	clones := wipes
	clones.Clone, clones.OldImage = 0.005, 0.003
	door := clones
	door.Harm, door.Poison, door.WrongClock, door.Outlaw = 0.10, 0.03, 0.5, 0.004
	return []Setting{{Name: "plain", Faults: plain}, {Name: "wipes", Faults: wipes}, {Name: "clones", Faults: clones},
		{Name: "door", Faults: door, Loader: true}}
}

// Rules is what is left out of the protocol; the zero value is the protocol.
type Rules struct {
	HighestMark    bool // the mark is the highest number seen
	DeleteOnPuback bool // the box takes the broker's PUBACK for an ack
	LateSync       bool // the box's commits reach the flash some time later
	NoChain        bool // neither side looks at the chain
	NoEpoch        bool // every outbox file has the same epoch
	NoFloor        bool // the centre does not look at the floor
	CachedMark     bool // each aggregator trusts the mark in its memory
	CarriedUIDOnly bool // uids are looked up for carried-over batches only
	RecutBlocks    bool // the loader cuts blocks anew when it tries again
	NoCRC          bool // what was damaged on the way has a CRC that fits
	TrustClock     bool // what a box believes of the time counts as the centre's
}

// Tally counts what happened, so that a test can assert that each fault and
// each branch of the rules did.
type Tally struct {
	Events, Batches, Sent                                             int
	Twice, Disorder, AckLost, AckTwice, Killed, NoCommit, LoaderCut   int
	DiskError, CutInCommit, PowerCut, BrokerLoss, Wipe, Clone, Outage int
	OldImage, Evicted, Jumped, Repeated, Gap, Known, Diverged         int
	LostCounted, StaleAck, Resend, CarriedOver, Moved                 int
	Grouped, Busy                                                     int

	// Of the door.
	Refused, Flipped, CutShort, Swollen, LostTopic, WrongShard, WrongProvince int
	LaterVersion, Stranger, Outlaw, Poisoned, PoisonHeard                     int
	UnknownHeard, VersionHeard                                                int

	// Of the loader.
	Unreadable, Reinserted, WrongClock, Learned, Retimed, Timed int
}
