package session

import "time"

// An alive mark that nothing else is written beside costs flash a block and
// what the file system's journal adds, some 19 kB on ext4. So marks are given
// out: markStore of them may be saved up, and one more comes every markEvery.
const (
	markStore = 60
	markEvery = 4 * time.Minute
)

// allowance is how many alive marks may be written: never more than markStore
// and one every markEvery in any stretch of time, so six hours of viewing cost
// at most 150, 2.8 MB, whatever is watched. The zero allowance is full: a start
// does not know what was written before it. As marks are a minute apart at
// least, starts in a row write no more than one a minute either. Not safe for
// concurrent use; times are milliseconds of a clock that does not go back.
type allowance struct {
	spent uint64 // milliseconds until it is full again, as of at
	at    uint64
}

// wait returns how long it is until a mark may be written.
func (a *allowance) wait(now uint64) uint64 {
	const most = (markStore - 1) * uint64(markEvery/time.Millisecond)
	return a.left(now) - min(a.left(now), most)
}

// take counts a mark written, or tried.
func (a *allowance) take(now uint64) {
	a.spent, a.at = a.left(now)+uint64(markEvery/time.Millisecond), now
}

// left is how long it is until the allowance is full.
func (a *allowance) left(now uint64) uint64 {
	return a.spent - min(a.spent, now-min(now, a.at))
}
