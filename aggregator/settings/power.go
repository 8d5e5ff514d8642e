package settings

import (
	"encoding/json"
	"slices"
	"strings"

	"iptvdc/aggregator"
	"iptvdc/aggregator/indicator"
)

// Powers are what somebody may do, beside what they may see. The zero Powers may
// nothing.
type Powers uint8

const (
	SeeBoards Powers = 1 << iota
	MakeBoards
	ShareBoards
	// ShareLinks makes links that open a board to whoever has them.
	ShareLinks
	// Export takes figures out of the page as files.
	Export
	// ManagePeople makes people and passes on to them what comes with this power.
	ManagePeople
	// Administer does all the rest: roles, files that wait, lists of single boxes,
	// looking through others' eyes. It comes with everything, everywhere.
	Administer
	// MakeSources brings data into the platform: own data sources.
	MakeSources
)

// readerPowers are those of somebody to whom data sets were given without a role, and
// of tokens.
const readerPowers = SeeBoards | MakeBoards | Export

var powerNames = []string{"see_boards", "make_boards", "share_boards", "share_links", "export", "people", "administer", "make_sources"}

// PowerNames lists the names of all powers.
func PowerNames() []string { return slices.Clone(powerNames) }

// Has reports whether all of o are among them.
func (p Powers) Has(o Powers) bool { return p&o == o }

// Names lists them in their order.
func (p Powers) Names() []string {
	names := []string{}
	for n, name := range powerNames {
		if p&(1<<n) != 0 {
			names = append(names, name)
		}
	}
	return names
}

func (p Powers) String() string { return strings.Join(p.Names(), ",") }

// MarshalJSON writes their names.
func (p Powers) MarshalJSON() ([]byte, error) { return json.Marshal(p.Names()) }

// ParsePowers reads names.
func ParsePowers(names []string) (Powers, error) {
	var p Powers
	for _, name := range names {
		n := slices.Index(powerNames, name)
		if n < 0 {
			return 0, faultf("bad_power", "There is no power %q; allowed: %s.", clip(name), strings.Join(powerNames, ", "))
		}
		p |= 1 << n
	}
	return p, nil
}

// Role is a named bundle of data sets and powers; in which provinces is said where it
// is given.
type Role struct {
	Name    string               `json:"name"`
	Title   indicator.Text       `json:"title"`
	Data    []aggregator.DataSet `json:"data"`
	Powers  Powers               `json:"powers"`
	BuiltIn bool                 `json:"built_in"`
}

// RoleAdministrator is the role that administers.
const RoleAdministrator = "administrator"

const department = SeeBoards | MakeBoards | ShareBoards | ShareLinks | Export

// builtIn are the roles of the departments. Those who read ratios hold the data sets
// of both their sides: a rating divides by boxes that report, which are activity.
var builtIn = []Role{
	{"operation", indicator.Text{ZH: "运营", EN: "Operation"}, []aggregator.DataSet{aggregator.DataActivity, aggregator.DataUsers, aggregator.DataEPG, aggregator.DataRatings, aggregator.DataVOD, aggregator.DataOrders, aggregator.DataQuality}, department, true},
	{"content", indicator.Text{ZH: "内容", EN: "Content"}, []aggregator.DataSet{aggregator.DataActivity, aggregator.DataEPG, aggregator.DataRatings, aggregator.DataVOD, aggregator.DataQuality}, department, true},
	{"product", indicator.Text{ZH: "产品", EN: "Product"}, []aggregator.DataSet{aggregator.DataActivity, aggregator.DataUsers, aggregator.DataEPG, aggregator.DataRatings, aggregator.DataVOD, aggregator.DataQuality}, department, true},
	{"cooperation", indicator.Text{ZH: "合作", EN: "Co-operation"}, []aggregator.DataSet{aggregator.DataActivity, aggregator.DataRatings, aggregator.DataVOD, aggregator.DataOrders}, department, true},
	{"marketing", indicator.Text{ZH: "市场", EN: "Marketing"}, []aggregator.DataSet{aggregator.DataActivity, aggregator.DataUsers, aggregator.DataEPG, aggregator.DataRatings, aggregator.DataVOD, aggregator.DataOrders}, department, true},
	{"province_manager", indicator.Text{ZH: "省份管理员", EN: "Province manager"}, aggregator.DataSets(), department | ManagePeople, true},
	{RoleAdministrator, indicator.Text{ZH: "管理员", EN: "Administrator"}, aggregator.DataSets(), department | ManagePeople | Administer | MakeSources, true},
}
