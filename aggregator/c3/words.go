package c3

import "slices"

var (
	feedWords    = []string{"", "catalogue", "subscribers", "changes", "orders", "products"}
	outcomeWords = []string{"", "accepted", "partly", "refused", "waiting", "repeated"}
)

// Word is the word of a feed, as dialects, receipts and answers have it; "": none.
// It is no String: engines keep feeds and outcomes as numbers.
func (f Feed) Word() string { return word(feedWords, int(f)) }

// Word is the word of an outcome.
func (o Outcome) Word() string { return word(outcomeWords, int(o)) }

func word(all []string, i int) string {
	if i < len(all) {
		return all[i]
	}
	return ""
}

// FeedNames and OutcomeNames are all the words there are.
func FeedNames() []string    { return slices.Clone(feedWords[1:]) }
func OutcomeNames() []string { return slices.Clone(outcomeWords[1:]) }

// ParseFeed and ParseOutcome read such a word; false: there is no such.
func ParseFeed(s string) (Feed, bool) {
	i := slices.Index(feedWords, s)
	return Feed(max(i, 0)), i > 0
}

func ParseOutcome(s string) (Outcome, bool) {
	i := slices.Index(outcomeWords, s)
	return Outcome(max(i, 0)), i > 0
}
