package console

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/board"
	"iptvdc/aggregator/indicator"
	"iptvdc/aggregator/settings"
	"iptvdc/aggregator/store"
)

// Boards keeps what people put together; settings.Settings does.
type Boards interface {
	Boards(ctx context.Context, p settings.Principal, deleted bool) ([]settings.BoardInfo, error)
	Board(ctx context.Context, p settings.Principal, id string, revision int64) (settings.BoardInfo, *board.Board, error)
	AddBoard(ctx context.Context, p settings.Principal, b *board.Board, note string) (settings.BoardInfo, error)
	SaveBoard(ctx context.Context, p settings.Principal, id string, from int64, b *board.Board, note string) (settings.BoardInfo, error)
	RestoreBoard(ctx context.Context, p settings.Principal, id string, revision int64) (settings.BoardInfo, error)
	DeleteBoard(ctx context.Context, p settings.Principal, id string, deleted bool) (settings.BoardInfo, error)
	ShareBoard(ctx context.Context, p settings.Principal, id string, shares []settings.Share) (settings.BoardInfo, error)
	Shares(ctx context.Context, p settings.Principal, id string) ([]settings.Share, error)
	Revisions(ctx context.Context, p settings.Principal, id string) ([]settings.BoardRevision, error)
	// AddPicture keeps a JPEG of a page and returns its name; Picture gives it.
	AddPicture(ctx context.Context, p settings.Principal, body []byte) (string, error)
	Picture(ctx context.Context, id string) ([]byte, error)
}

// maxBoardBody is the greatest body that holds a board.
const maxBoardBody = board.MaxBytes + 16<<10

// BoardList is the boards that a reader may open.
type BoardList struct {
	Boards []settings.BoardInfo `json:"boards"`
}

// BoardTemplates are the boards to start from.
type BoardTemplates struct {
	Templates []board.Template `json:"templates"`
	// Kinds, Colours and Columns are what the editor offers.
	Kinds   []board.Kind `json:"kinds"`
	Colours []string     `json:"colours"`
	Columns int          `json:"columns"`
}

// OpenBoard is a board with what is known of it.
type OpenBoard struct {
	Info  settings.BoardInfo `json:"info"`
	Board *board.Board       `json:"board"`
}

// NewBoard is a board to keep.
type NewBoard struct {
	Board *board.Board `json:"board"`
	Note  string       `json:"note,omitempty"`
}

// SavedBoard is a new state of a board; From is the revision from which it was made.
type SavedBoard struct {
	From  int64        `json:"from"`
	Board *board.Board `json:"board"`
	Note  string       `json:"note,omitempty"`
}

// BoardRevisions are the states that are kept.
type BoardRevisions struct {
	Revisions []settings.BoardRevision `json:"revisions"`
}

// RestoredRevision names one of them.
type RestoredRevision struct {
	Revision int64 `json:"revision"`
}

// BoardShares is with whom a board is shared.
type BoardShares struct {
	Shares []settings.Share `json:"shares"`
}

// WidgetQuestion is a widget with the filters that hold around it: those of board, tab
// and reader. It need not be kept anywhere: who edits sees it at once.
type WidgetQuestion struct {
	Widget  board.Widget  `json:"widget"`
	Filters board.Filters `json:"filters"`
}

// WidgetAnswer is what a widget shows.
type WidgetAnswer struct {
	Parts []WidgetPart `json:"parts"`
	// Ignored are the filters that its figures cannot follow.
	Ignored []store.Column `json:"ignored,omitempty"`
}

// WidgetPart is the answer to one question of a widget, laid for it, and the question.
type WidgetPart struct {
	Part    board.Part        `json:"part"`
	Request indicator.Request `json:"request"`
	Answer  *indicator.Answer `json:"answer"`
}

var boardParameters = []parameter{{name: "revision", about: "an older one", def: "the latest"}}
var boardsParameters = []parameter{{name: "deleted", about: "true: those in the bin"}}

func (s *Console) boardRoutes() []route {
	return []route{
		{"GET", "/api/v1/boards", reader, "The boards that the reader may open, the latest changed first", nil, BoardList{}, "", s.listBoards, boardsParameters},
		{"POST", "/api/v1/boards", reader, "Keeps a new board", NewBoard{}, settings.BoardInfo{}, "", s.addBoard, nil},
		{"GET", "/api/v1/boards/templates", reader, "Ready boards of every department, and what boards are made of", nil, BoardTemplates{}, "", s.boardTemplates, nil},
		{"POST", "/api/v1/boards/answer", reader, "What a widget shows, within the reader's provinces; with Cache-Control: max-stale=SECONDS rather the answer of a while ago, its Age beside it, than a wait", WidgetQuestion{}, WidgetAnswer{}, "", s.answerWidget, nil},
		{"GET", "/api/v1/boards/{board}", reader, "A board", nil, OpenBoard{}, "", s.openBoard, boardParameters},
		{"GET", "/api/v1/boards/{board}/export", reader, "A whole board as a file, a sheet a widget, within the reader's provinces", nil, nil, "application/octet-stream", s.exportBoard, exportParameters},
		{"PUT", "/api/v1/boards/{board}", reader, "Saves a board, unless somebody else has since", SavedBoard{}, settings.BoardInfo{}, "", s.saveBoard, nil},
		{"DELETE", "/api/v1/boards/{board}", reader, "Puts a board into the bin, for 30 days", nil, settings.BoardInfo{}, "", s.deleteBoard, nil},
		{"POST", "/api/v1/boards/{board}/undelete", reader, "Takes a board out of the bin", nil, settings.BoardInfo{}, "", s.undeleteBoard, nil},
		{"GET", "/api/v1/boards/{board}/revisions", reader, "What is kept of a board, the newest first", nil, BoardRevisions{}, "", s.boardRevisions, nil},
		{"POST", "/api/v1/boards/{board}/restore", reader, "Saves an older revision as the newest", RestoredRevision{}, settings.BoardInfo{}, "", s.restoreBoard, nil},
		{"GET", "/api/v1/boards/{board}/shares", reader, "With whom a board is shared", nil, BoardShares{}, "", s.boardShares, nil},
		{"PUT", "/api/v1/boards/{board}/shares", reader, "Shares a board with these and nobody else", BoardShares{}, settings.BoardInfo{}, "", s.shareBoard, nil},
	}
}

func (s *Console) listBoards(w http.ResponseWriter, r *http.Request) error {
	values, err := parameters(r, boardsParameters)
	if err != nil {
		return err
	}
	deleted := values["deleted"]
	if deleted != "" && deleted != "true" && deleted != "false" {
		return badParameter("deleted", deleted, "true or false")
	}
	all, err := s.Boards.Boards(r.Context(), principal(r), deleted == "true")
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, BoardList{all})
}

func (s *Console) boardTemplates(w http.ResponseWriter, _ *http.Request) error {
	return writeJSON(w, http.StatusOK, BoardTemplates{board.Templates(), board.Kinds(), board.Colours, board.Columns})
}

func (s *Console) openBoard(w http.ResponseWriter, r *http.Request) error {
	values, err := parameters(r, boardParameters)
	if err != nil {
		return err
	}
	var revision int64
	if text := values["revision"]; text != "" {
		if revision, err = strconv.ParseInt(text, 10, 64); err != nil || revision < 1 {
			return badParameter("revision", text, "a number from 1")
		}
	}
	info, b, err := s.Boards.Board(r.Context(), principal(r), r.PathValue("board"), revision)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, OpenBoard{info, b})
}

// errNoBody is told of a body without its board.
var errNoBody = &aggregator.Error{Code: "bad_board", Message: "board: there is none in the body."}

func (s *Console) addBoard(w http.ResponseWriter, r *http.Request) error {
	var body NewBoard
	if err := decode(w, r, maxBoardBody, &body); err != nil {
		return err
	}
	if body.Board == nil {
		return errNoBody
	}
	return writeInfo(w)(s.Boards.AddBoard(r.Context(), principal(r), body.Board, body.Note))
}

func (s *Console) saveBoard(w http.ResponseWriter, r *http.Request) error {
	var body SavedBoard
	if err := decode(w, r, maxBoardBody, &body); err != nil {
		return err
	}
	if body.Board == nil {
		return errNoBody
	}
	return writeInfo(w)(s.Boards.SaveBoard(r.Context(), principal(r), r.PathValue("board"), body.From, body.Board, body.Note))
}

func (s *Console) deleteBoard(w http.ResponseWriter, r *http.Request) error {
	return writeInfo(w)(s.Boards.DeleteBoard(r.Context(), principal(r), r.PathValue("board"), true))
}

func (s *Console) undeleteBoard(w http.ResponseWriter, r *http.Request) error {
	return writeInfo(w)(s.Boards.DeleteBoard(r.Context(), principal(r), r.PathValue("board"), false))
}

func (s *Console) restoreBoard(w http.ResponseWriter, r *http.Request) error {
	var body RestoredRevision
	if err := decode(w, r, MaxBody, &body); err != nil {
		return err
	}
	return writeInfo(w)(s.Boards.RestoreBoard(r.Context(), principal(r), r.PathValue("board"), body.Revision))
}

func (s *Console) boardRevisions(w http.ResponseWriter, r *http.Request) error {
	all, err := s.Boards.Revisions(r.Context(), principal(r), r.PathValue("board"))
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, BoardRevisions{all})
}

func (s *Console) boardShares(w http.ResponseWriter, r *http.Request) error {
	all, err := s.Boards.Shares(r.Context(), principal(r), r.PathValue("board"))
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, BoardShares{all})
}

func (s *Console) shareBoard(w http.ResponseWriter, r *http.Request) error {
	var body BoardShares
	if err := decode(w, r, MaxBody, &body); err != nil {
		return err
	}
	return writeInfo(w)(s.Boards.ShareBoard(r.Context(), principal(r), r.PathValue("board"), body.Shares))
}

// writeInfo answers with what a change left.
func writeInfo(w http.ResponseWriter) func(settings.BoardInfo, error) error {
	return func(info settings.BoardInfo, err error) error {
		if err != nil {
			return err
		}
		return writeJSON(w, http.StatusOK, info)
	}
}

// askedWidget is the key of a widget's answer: what it asks and how it is laid, on a
// day. Where it lies and what it is called do not matter, so equal widgets of
// different boards are asked once.
type askedWidget struct {
	WidgetQuestion
	Day aggregator.Day
}

func (s *Console) answerWidget(w http.ResponseWriter, r *http.Request) error {
	var body WidgetQuestion
	if err := decode(w, r, MaxBody, &body); err != nil {
		return err
	}
	if err := body.Widget.Check(); err != nil {
		return err
	}
	if err := body.Filters.Check(); err != nil {
		return err
	}
	p, today := principal(r), aggregator.DayOf(time.Now().UnixMilli())
	if most := maxStale(r); most > 0 {
		key, _, err := widgetKey(p, &body, today)
		if err != nil {
			return err
		}
		if b, age, ok := s.widgets.before(key, most); ok {
			w.Header().Set("Age", strconv.Itoa(int(age/time.Second)+1))
			return writeBytes(w, http.StatusOK, b)
		}
	}
	b, _, err := s.widget(r.Context(), p, &body, today)
	if err != nil {
		return err
	}
	return writeBytes(w, http.StatusOK, b)
}

// maxStale is how old an answer the reader takes rather than wait for a new one: what
// Cache-Control says in max-stale, see RFC 9111, 5.2.1.2. 0: the present one alone.
func maxStale(r *http.Request) time.Duration {
	for directive := range strings.SplitSeq(r.Header.Get("Cache-Control"), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(directive), "=")
		if seconds, err := strconv.ParseUint(value, 10, 31); err == nil && strings.EqualFold(name, "max-stale") {
			return time.Duration(seconds) * time.Second
		}
	}
	return 0
}

// widget answers a checked widget for somebody as seen on a day, and says of which
// provinces. It is the one way in which figures come to widgets, be it on the page, in a
// file or in a report, so that grants are looked at once. A text has no provinces.
func (s *Console) widget(ctx context.Context, p settings.Principal, q *WidgetQuestion, day aggregator.Day) ([]byte, aggregator.Scope, error) {
	key, scope, err := widgetKey(p, q, day)
	if err != nil {
		return nil, scope, err
	}
	b, err := s.widgets.get(ctx, key)
	return b, scope, err
}

// widgetKey names the answer to a widget for somebody, and says of which provinces.
func widgetKey(p settings.Principal, q *WidgetQuestion, day aggregator.Day) (answerKey, aggregator.Scope, error) {
	asked, err := resolve(q, day)
	if err != nil {
		return answerKey{}, aggregator.Scope{}, err
	}
	var within bound
	if len(asked.Questions) > 0 { // a text shows no data
		var ids []string
		for _, q := range asked.Questions {
			ids = append(ids, q.Request.Indicators...)
		}
		if within, err = bounds(p, indicator.DataSetsOf(ids...)...); err != nil {
			return answerKey{}, within.Scope, err
		}
	}
	plain := *q
	plain.Widget.ID, plain.Widget.Title, plain.Widget.Place, plain.Widget.Phone = "w", indicator.Text{}, board.Place{}, 0
	plain.Widget.Prose = indicator.Text{}
	plain.Widget.Show.Picture, plain.Widget.Show.Slots = "", nil
	key, err := keyOf(within, askedWidget{plain, day})
	return key, within.Scope, err
}

// resolve finds what a widget asks on a day.
func resolve(q *WidgetQuestion, today aggregator.Day) (*board.Asked, error) {
	f := q.Filters
	if q.Widget.Alone {
		f = board.Filters{}
	}
	return q.Widget.Resolve(board.Under(f, q.Widget.Filters), today)
}

// layWidget computes what the cache does not have.
func (s *Console) layWidget(ctx context.Context, key answerKey) ([]byte, error) {
	var q askedWidget
	within, err := key.parts(&q)
	if err != nil {
		return nil, err
	}
	asked, err := resolve(&q.WidgetQuestion, q.Day)
	if err != nil {
		return nil, err
	}
	out := WidgetAnswer{Parts: []WidgetPart{}, Ignored: asked.Ignored}
	for _, question := range asked.Questions {
		a, err := s.evaluate(ctx, within, &question.Request)
		if err != nil {
			return nil, err
		}
		laid, err := q.Widget.Lay(a)
		if question.Part == board.PartProgrammes {
			laid, err = board.LayProgrammes(&question.Request, a)
		}
		if err != nil {
			return nil, err
		}
		out.Parts = append(out.Parts, WidgetPart{question.Part, question.Request, laid})
	}
	return json.Marshal(out)
}
