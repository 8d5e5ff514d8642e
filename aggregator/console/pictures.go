package console

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	_ "image/png" // pictures are brought in it
	"io"
	"net/http"
	"strings"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/settings"
)

const (
	// MaxPicture is the greatest size of a picture of a page as it is brought, in bytes.
	MaxPicture = 4 << 20
	// pictureSide is the greatest side of one, in pixels; both together are held at 8 bytes a
	// pixel at most.
	pictureSide   = 3840
	pictureLeast  = 64
	pictureJPEG   = 82
	picturePoints = 3840 * 2160
)

// PageInfo names a picture of a page, and its size in pixels.
type PageInfo struct {
	Picture string `json:"picture"`
	Width   int    `json:"width"`
	Height  int    `json:"height"`
}

func (s *Console) pictureRoutes() []route {
	return []route{
		{"POST", "/api/v1/pictures", reader, "Brings a picture of a page: the body is PNG or JPEG, at most 4 MiB and 3840 × 2160 pixels", nil, PageInfo{}, "", s.addPicture, nil},
		{"GET", "/api/v1/pictures/{picture}", reader, "A picture of a page, as JPEG", nil, nil, "image/jpeg", s.getPicture, nil},
		{"GET", "/api/v1/shared/pictures/{picture}", anyone, "A picture that a shared board shows; with the ticket of opening it", nil, nil, "image/jpeg", s.getSharedPicture, nil},
	}
}

func badPicture(message string, cause error) error {
	return &aggregator.Error{Code: "bad_picture", Message: message, Cause: cause}
}

// repaint reads a picture and writes it anew as JPEG: whatever else was in the file, places
// where it was taken or a second file behind it, is gone. What is transparent becomes black,
// as on a television.
func repaint(b []byte) ([]byte, image.Rectangle, error) {
	c, kind, err := image.DecodeConfig(bytes.NewReader(b))
	switch {
	case errors.Is(err, image.ErrFormat):
		return nil, image.Rectangle{}, badPicture("The picture is neither PNG nor JPEG. Save it as one of them; the page turns WebP into JPEG by itself.", err)
	case err != nil:
		return nil, image.Rectangle{}, badPicture("The picture is damaged: its head cannot be read. Save it anew.", err)
	case c.Width < pictureLeast || c.Height < pictureLeast || c.Width > pictureSide || c.Height > pictureSide || c.Width*c.Height > picturePoints:
		return nil, image.Rectangle{}, badPicture("The picture has too few or too many pixels: allowed are 64 × 64 to 3840 × 2160.", nil)
	}
	img, _, err := image.Decode(bytes.NewReader(b))
	if err != nil {
		return nil, image.Rectangle{}, badPicture("The picture ("+kind+") is damaged or cut. Save it anew.", err)
	}
	paper := image.NewRGBA(image.Rect(0, 0, c.Width, c.Height))
	draw.Draw(paper, paper.Bounds(), image.NewUniform(color.Black), image.Point{}, draw.Src)
	draw.Draw(paper, paper.Bounds(), img, img.Bounds().Min, draw.Over)
	var out bytes.Buffer
	if err := jpeg.Encode(&out, paper, &jpeg.Options{Quality: pictureJPEG}); err != nil {
		return nil, image.Rectangle{}, err
	}
	return out.Bytes(), paper.Bounds(), nil
}

func (s *Console) addPicture(w http.ResponseWriter, r *http.Request) error {
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(answerPatience))
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxPicture))
	if err != nil {
		return badBody(err, &struct{}{})
	}
	select { // a picture that is read takes tens of megabytes
	case s.exporting <- struct{}{}:
		defer func() { <-s.exporting }()
	case <-r.Context().Done():
		return r.Context().Err()
	}
	painted, size, err := repaint(b)
	if err != nil {
		return err
	}
	id, err := s.Boards.AddPicture(r.Context(), principal(r), painted)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, PageInfo{id, size.Dx(), size.Dy()})
}

func (s *Console) getPicture(w http.ResponseWriter, r *http.Request) error {
	b, err := s.Boards.Picture(r.Context(), r.PathValue("picture"))
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "image/jpeg")
	h.Set("Cache-Control", "private, max-age=86400, immutable") // its name is made of it
	_, _ = w.Write(b)                                           // nobody is there to be told
	return nil
}

func (s *Console) getSharedPicture(w http.ResponseWriter, r *http.Request) error {
	d, err := s.byTicket(r)
	if err != nil {
		return err
	}
	for _, t := range d.Board.Tabs {
		for _, widget := range t.Widgets {
			if p := widget.Show.Picture; p != "" && p == r.PathValue("picture") {
				return s.getPicture(w, r)
			}
		}
	}
	return &aggregator.Error{Code: "not_found", Message: "The board has no such picture."}
}

// byTicket finds what a ticket opens.
func (s *Console) byTicket(r *http.Request) (settings.Shared, error) {
	scheme, ticket, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Ticket") {
		return settings.Shared{}, &aggregator.Error{Code: "bad_ticket", Message: "Open the link first (POST /api/v1/shared/open) and send its ticket as Authorization: Ticket TICKET."}
	}
	return s.Doors.ByTicket(r.Context(), strings.TrimSpace(ticket), s.Links)
}
