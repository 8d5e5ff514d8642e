package adi

import "iptvdc/aggregator/c3"

// pairs are the mappings a catalogue has, as canonical parent and child.
var pairs = map[[2]c3.Element]bool{
	{c3.ElementCategory, c3.ElementSeries}:         true,
	{c3.ElementCategory, c3.ElementProgram}:        true,
	{c3.ElementSeries, c3.ElementProgram}:          true,
	{c3.ElementSeries, c3.ElementSeries}:           true,
	{c3.ElementSeries, c3.ElementCastRoleMap}:      true,
	{c3.ElementProgram, c3.ElementMovie}:           true,
	{c3.ElementProgram, c3.ElementCastRoleMap}:     true,
	{c3.ElementChannel, c3.ElementPhysicalChannel}: true,
	{c3.ElementChannel, c3.ElementSchedule}:        true,
	{c3.ElementProgram, c3.ElementPicture}:         true,
	{c3.ElementSeries, c3.ElementPicture}:          true,
	{c3.ElementCategory, c3.ElementPicture}:        true,
	{c3.ElementChannel, c3.ElementPicture}:         true,
	{c3.ElementCast, c3.ElementPicture}:            true,
	{c3.ElementPackage, c3.ElementPicture}:         true,
	{c3.ElementPackage, c3.ElementProgram}:         true,
	{c3.ElementPackage, c3.ElementSeries}:          true,
	{c3.ElementPackage, c3.ElementChannel}:         true,
}

// Orient turns a mapping so that its parent is the thing that has the other: a
// program its picture, a category its series. Senders write a pair either way,
// and both ways must be one tie. A pair of a kind not known, and one of two
// series, stays as it came; known is false for the former.
func Orient(m c3.Mapping) (turned c3.Mapping, known bool) {
	if pairs[[2]c3.Element{m.Parent, m.Child}] {
		return m, true
	}
	if pairs[[2]c3.Element{m.Child, m.Parent}] {
		m.Parent, m.Child = m.Child, m.Parent
		m.ParentCode, m.ChildCode = m.ChildCode, m.ParentCode
		return m, true
	}
	return m, false
}
