package adi

import (
	"bytes"
	"strings"

	"iptvdc/aggregator/c3"
)

// elements are the names of what a catalogue holds.
var elements = [...]string{
	c3.ElementProgram:         "Program",
	c3.ElementSeries:          "Series",
	c3.ElementMovie:           "Movie",
	c3.ElementChannel:         "Channel",
	c3.ElementPhysicalChannel: "PhysicalChannel",
	c3.ElementSchedule:        "Schedule",
	c3.ElementScheduleRecord:  "ScheduleRecord",
	c3.ElementCategory:        "Category",
	c3.ElementPackage:         "Package",
	c3.ElementPicture:         "Picture",
	c3.ElementCast:            "Cast",
	c3.ElementCastRoleMap:     "CastRoleMap",
}

// ParseElement reads the name of a type, letter case aside; ElementUnknown if it
// is none of ours.
func ParseElement(name string) c3.Element {
	for e, known := range elements {
		if len(name) == len(known) && known != "" && strings.EqualFold(name, known) {
			return c3.Element(e)
		}
	}
	return c3.ElementUnknown
}

// ElementName is the name of a type as catalogues write it; "" if unknown.
func ElementName(e c3.Element) string {
	if int(e) < len(elements) {
		return elements[e]
	}
	return ""
}

var verbs = [...]string{c3.VerbRegister: "REGIST", c3.VerbUpdate: "UPDATE", c3.VerbDelete: "DELETE"}

// ParseVerb reads an Action, letter case aside; VerbNone if it is none of ours.
func ParseVerb(action string) c3.Verb {
	for v, known := range verbs {
		if len(action) == len(known) && known != "" && strings.EqualFold(action, known) {
			return c3.Verb(v)
		}
	}
	return c3.VerbNone
}

// VerbName is the Action as catalogues write it; "" for VerbNone.
func VerbName(v c3.Verb) string {
	if int(v) < len(verbs) {
		return verbs[v]
	}
	return ""
}

// field is an attribute that means something to us.
type field uint8

const (
	fieldNone field = iota
	fieldAction
	fieldID
	fieldCode
	fieldElementType
	fieldParentCode
	fieldType
	fieldElementID
	fieldElementCode
	fieldParentType
	fieldParentID
	fieldName
	fieldLanguage
	fieldVersion
	fieldBizDomain
	fieldPriority
	fields
)

var fieldNames = [fields]string{
	fieldAction:      "Action",
	fieldID:          "ID",
	fieldCode:        "Code",
	fieldElementType: "ElementType",
	fieldParentCode:  "ParentCode",
	fieldType:        "Type",
	fieldElementID:   "ElementID",
	fieldElementCode: "ElementCode",
	fieldParentType:  "ParentType",
	fieldParentID:    "ParentID",
	fieldName:        "Name",
	fieldLanguage:    "Language",
	fieldVersion:     "Version",
	fieldBizDomain:   "BizDomain",
	fieldPriority:    "Priority",
}

// fieldOf is the attribute of that name, prefix aside; the declaration of a
// namespace is none.
func fieldOf(name []byte) field {
	if bytes.HasPrefix(name, []byte("xmlns")) {
		return fieldNone
	}
	name = local(name)
	for f := fieldAction; f < fields; f++ {
		if named(name, fieldNames[f]) {
			return f
		}
	}
	return fieldNone
}

// named reports whether a name is the one known, letter case aside. known holds
// ASCII letters only.
func named(name []byte, known string) bool {
	if len(name) != len(known) {
		return false
	}
	for i, b := range name {
		if b|0x20 != known[i]|0x20 {
			return false
		}
	}
	return true
}

// local is a name without its prefix.
func local(name []byte) []byte {
	for i := len(name) - 2; i > 0; i-- {
		if name[i] == ':' {
			return name[i+1:]
		}
	}
	return name
}
