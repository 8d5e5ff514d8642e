package store

import "slices"

// Counting is a way to make a number of a measure that is neither a sum nor a count
// of boxes. Groups are told apart as always, so what is counted is of one group: a
// viewer comes back to the same series if the question groups by series.
type Counting uint8

const (
	// CountLengths: how many whole contents it makes up, in LengthUnit: of each
	// province and content in a span and group that the catalogue knows as a programme with a
	// length, the sum ÷ the length in milliseconds, rounded, halves up; added up. Of facts with
	// ColContent.
	CountLengths Counting = 1 + iota
	// CountBoxDays: pairs of a box and a day of the span on which it has a row whose
	// Measure is > 0.
	CountBoxDays
	// CountReturns: those of CountBoxDays that such a day of the box follows within
	// ReturnDays days, in the span or after it. Filters on time hold for the first day.
	CountReturns
	// CountFollowers: boxes with a row, whose Measure is > 0, of an episode: a content
	// with another code than the series it is of. A day is a TV day, as in the two below.
	CountFollowers
	// CountEpisodes: pairs of a box and an episode.
	CountEpisodes
	// CountBingers: boxes which on one day of the span have BingeEpisodes different
	// episodes of one series or more.
	CountBingers
	// CountComplete: pairs of a box and a content of which the box has CompleteParts
	// different parts or more with a row whose Measure is > 0. Of FactAsset alone.
	CountComplete

	// LengthUnit is how many of CountLengths make a whole content.
	LengthUnit = 1_000_000
	// ReturnDays is within how many days who comes back has returned.
	ReturnDays = 7
	// BingeEpisodes are a binge.
	BingeEpisodes = 3
)

// LengthClass is what ColLength has: 0 if the length is not known, else 1 for less than
// 10 minutes, 2 for less than 30, 3 for less than 60, 4 for less than 90, 5 for more.
// Engines compute it in SQL.
func LengthClass(seconds int32) uint8 {
	class := uint8(1)
	for _, minutes := range []int32{10, 30, 60, 90} {
		if seconds >= minutes*60 {
			class++
		}
	}
	if seconds <= 0 {
		return 0
	}
	return class
}

// check reports whether the fact and the question can be counted so.
func (c Counting) check(q *Query) error {
	shape := ShapeOf(q.Fact)
	needs := ColBox
	switch c {
	case CountLengths:
		if !slices.Contains(shape.Dimensions, ColContent) {
			return badQuery("%s knows no contents, so it has no lengths to count by.", shape.Name)
		}
		return nil
	case CountFollowers, CountEpisodes, CountBingers:
		if !slices.Contains(shape.Dimensions, ColContent) {
			return badQuery("%s knows no contents, so it has no episodes.", shape.Name)
		}
	case CountComplete:
		needs = ColSight
	}
	switch {
	case c > CountComplete:
		return badQuery("There is no way %d of counting.", c)
	case !slices.Contains(shape.Dimensions, needs):
		return badQuery("%s has no %s to count by.", shape.Name, needs)
	case q.Hourly:
		return badQuery("What viewers do is counted by day, not by hour.")
	case q.Aired, q.Latest:
		return badQuery("What viewers do is counted when they do it.")
	case slices.ContainsFunc(q.Among.Columns, func(c Column) bool { return slices.Contains(TimeColumns, c) }):
		return badQuery("What viewers do is not counted among tuples with times.")
	}
	return nil
}
