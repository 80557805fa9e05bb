package browser

import (
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"math"

	"golang.org/x/image/draw"
	"golang.org/x/image/math/f64"
)

// The picture of a camera.
const (
	filmWidth  = 1280
	filmHeight = 720
)

// A View is how a camera sees a label.
type View struct {
	Angle float64 // degrees
	Size  float64 // of its longer side, pixels; 0: 360
	Blur  int     // radius, pixels
}

// Scene returns what a camera sees of a label that lies on a table.
func Scene(label image.Image, v View) image.Image {
	out := image.NewRGBA(image.Rect(0, 0, filmWidth, filmHeight))
	draw.Draw(out, out.Bounds(), image.NewUniform(color.RGBA{196, 184, 168, 255}), image.Point{}, draw.Src)
	if v.Size == 0 {
		v.Size = 360
	}
	b := label.Bounds()
	// A quiet zone of white paper round the symbol.
	margin := b.Dx() / 6
	paper := image.NewRGBA(image.Rect(0, 0, b.Dx()+2*margin, b.Dy()+2*margin))
	draw.Draw(paper, paper.Bounds(), image.White, image.Point{}, draw.Src)
	draw.Draw(paper, b.Sub(b.Min).Add(image.Pt(margin, margin)), label, b.Min, draw.Over)
	w, h := float64(paper.Bounds().Dx()), float64(paper.Bounds().Dy())
	s := v.Size / math.Max(w, h)
	sin, cos := math.Sincos(v.Angle * math.Pi / 180)
	a, c := s*cos, s*sin
	draw.BiLinear.Transform(out, f64.Aff3{
		a, -c, filmWidth/2 - (a*w-c*h)/2,
		c, a, filmHeight/2 - (c*w+a*h)/2,
	}, paper, paper.Bounds(), draw.Over, nil)
	return blurred(blurred(out, v.Blur, 1, 0), v.Blur, 0, 1)
}

// blurred returns the mean of each pixel with its neighbours in one direction.
func blurred(in *image.RGBA, radius, dx, dy int) *image.RGBA {
	if radius == 0 {
		return in
	}
	out := image.NewRGBA(in.Bounds())
	for y := range filmHeight {
		for x := range filmWidth {
			out.SetRGBA(x, y, mean(in, image.Pt(x, y), image.Pt(dx, dy), radius))
		}
	}
	return out
}

func mean(in *image.RGBA, at, step image.Point, radius int) color.RGBA {
	var r, g, b, n int
	for i := -radius; i <= radius; i++ {
		p := at.Add(step.Mul(i))
		if !p.In(in.Bounds()) {
			continue
		}
		c := in.RGBAAt(p.X, p.Y)
		r, g, b, n = r+int(c.R), g+int(c.G), b+int(c.B), n+1
	}
	return color.RGBA{uint8(r / n), uint8(g / n), uint8(b / n), 255}
}

// Film writes scenes as the browser's camera plays them, again and again: JPEG
// pictures one after another.
func Film(w io.Writer, scenes ...image.Image) error {
	for _, s := range scenes {
		if err := jpeg.Encode(w, s, &jpeg.Options{Quality: 90}); err != nil {
			return err
		}
	}
	return nil
}
