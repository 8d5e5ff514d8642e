package phone

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math"
	"strconv"
)

// The sides that an icon may have.
const (
	minIcon = 192
	maxIcon = 2048
)

// ReadIcon reads a PNG and refuses what gives no good icon, before it is unpacked.
func ReadIcon(b []byte) (*image.NRGBA, error) {
	if len(b) > MaxIcon {
		return nil, faultf("bad_icon", "The picture has %d bytes; at most %d.", len(b), MaxIcon)
	}
	c, err := png.DecodeConfig(bytes.NewReader(b))
	switch {
	case err != nil:
		return nil, faultf("bad_icon", "This is no PNG picture: %v.", err)
	case c.Width != c.Height:
		return nil, faultf("bad_icon", "The picture has %d by %d pixels; an icon is square.", c.Width, c.Height)
	case c.Width < minIcon || c.Width > maxIcon:
		return nil, faultf("bad_icon", "The picture has %d by %d pixels; %d to %d a side.", c.Width, c.Height, minIcon, maxIcon)
	}
	img, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		return nil, faultf("bad_icon", "The picture is damaged: %v.", err)
	}
	out := image.NewNRGBA(image.Rect(0, 0, c.Width, c.Height))
	draw.Draw(out, out.Bounds(), img, img.Bounds().Min, draw.Src)
	return out, nil
}

// resize makes a square picture of another size, by weights that fall off linearly over
// as many pixels as one new pixel covers.
func resize(src *image.NRGBA, side int) *image.NRGBA {
	n := src.Bounds().Dx()
	if n == side {
		return src
	}
	// premultiplied, so that what is transparent lends no colour
	from := make([]float64, n*n*4)
	for i := range n * n {
		p := src.Pix[i*4 : i*4+4]
		a := float64(p[3]) / 255
		from[i*4], from[i*4+1], from[i*4+2], from[i*4+3] = float64(p[0])*a, float64(p[1])*a, float64(p[2])*a, float64(p[3])
	}
	across := make([]float64, side*n*4)
	sweep(from, across, n, side, n, 4, n*4, 4, side*4)
	whole := make([]float64, side*side*4)
	sweep(across, whole, n, side, side, side*4, 4, side*4, 4)
	out := image.NewNRGBA(image.Rect(0, 0, side, side))
	for i := range side * side {
		p := whole[i*4 : i*4+4]
		if p[3] < 0.5 {
			continue
		}
		a := p[3] / 255
		for c := range 3 {
			out.Pix[i*4+c] = uint8(math.Round(min(255, p[c]/a)))
		}
		out.Pix[i*4+3] = uint8(math.Round(min(255, p[3])))
	}
	return out
}

// sweep resizes rows of n pixels to side ones; step is between pixels of a row, line
// between rows, of both pictures.
func sweep(from, to []float64, n, side, rows, fromStep, fromLine, toStep, toLine int) {
	scale := float64(n) / float64(side)
	reach := max(1, scale)
	for x := range side {
		centre := (float64(x)+0.5)*scale - 0.5
		first, last := max(0, int(math.Ceil(centre-reach))), min(n-1, int(math.Floor(centre+reach)))
		weights := make([]float64, 0, last-first+1)
		total := 0.0
		for i := first; i <= last; i++ {
			w := max(0, 1-math.Abs(float64(i)-centre)/reach)
			weights = append(weights, w)
			total += w
		}
		for row := range rows {
			for c := range 4 {
				sum := 0.0
				for k, w := range weights {
					sum += w * from[row*fromLine+(first+k)*fromStep+c]
				}
				to[row*toLine+x*toStep+c] = sum / total
			}
		}
	}
}

// on draws an icon in the middle of a square of a colour; share is how much of the
// square's side it takes.
func on(icon *image.NRGBA, side int, share float64, ground color.Color) *image.NRGBA {
	out := image.NewNRGBA(image.Rect(0, 0, side, side))
	draw.Draw(out, out.Bounds(), image.NewUniform(ground), image.Point{}, draw.Src)
	inner := int(math.Round(float64(side) * share))
	at := (side - inner) / 2
	draw.Draw(out, image.Rect(at, at, at+inner, at+inner), resize(icon, inner), image.Point{}, draw.Over)
	return out
}

// colourOf reads #0b6478, which was checked before.
func colourOf(text string) color.NRGBA {
	n, _ := strconv.ParseUint(text[1:], 16, 24) // checked
	return color.NRGBA{uint8(n >> 16), uint8(n >> 8), uint8(n), 255}
}

func encode(img image.Image) ([]byte, error) {
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// The icons of an app in browsers. Masked ones are cut round by the phone: they reach
// the edge and keep what matters in the middle.
var webIcons = map[string]func(icon *image.NRGBA, a *App) *image.NRGBA{
	"icon-192.png":      func(icon *image.NRGBA, _ *App) *image.NRGBA { return resize(icon, 192) },
	"icon-512.png":      func(icon *image.NRGBA, _ *App) *image.NRGBA { return resize(icon, 512) },
	"icon-maskable.png": func(icon *image.NRGBA, a *App) *image.NRGBA { return on(icon, 512, 0.7, colourOf(a.Theme)) },
	"icon-touch.png":    func(icon *image.NRGBA, a *App) *image.NRGBA { return on(icon, 180, 1, colourOf(a.Theme)) },
}
