package browser

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const form = `<!doctype html><html lang="en"><title>t</title><main><h1>Test</h1><label>Name <input id="name"></label>
<button id="greet">Greet</button><p id="said"></p><img src="/picture"></main>
<script>
document.querySelector('#greet').onclick = () => { document.querySelector('#said').textContent = 'Hello ' + document.querySelector('#name').value }
</script>`

// open returns a page of a running browser that shows the page above.
func open(t *testing.T, c Config) *Page {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, form)
	}))
	t.Cleanup(server.Close)
	b, err := Start(t.Context(), c)
	if errors.Is(err, ErrNone) && os.Getenv("CI") != "true" {
		t.Skip("skipped: needs chromium (Debian package chromium)")
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	p, err := b.Page()
	if err != nil {
		t.Fatal(err)
	}
	// Passkeys need a host that is a domain.
	if err := p.Go(strings.Replace(server.URL, "127.0.0.1", "localhost", 1)); err != nil {
		t.Fatal(err)
	}
	return p
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestPage(t *testing.T) {
	p := open(t, Config{})
	must(t, p.Type("#name", "Ada"))
	must(t, p.Click("#greet"))
	must(t, p.Until(`document.querySelector('#said').textContent !== ''`))
	if got, err := p.Text("#said"); err != nil || got != "Hello Ada" {
		t.Errorf("Text = %q, %v", got, err)
	}
	if got := <-p.Complaints; !strings.Contains(got, "404") {
		t.Errorf("complaint %q, want the missing picture", got)
	}
	raw, err := p.Picture()
	must(t, err)
	if c, err := png.DecodeConfig(bytes.NewReader(raw)); err != nil || c.Width < 390 {
		t.Errorf("picture %+v, %v", c, err)
	}
	must(t, p.Media("prefers-color-scheme", "dark"))
	if dark, err := Evaluate[bool](p, `matchMedia('(prefers-color-scheme: dark)').matches`); err != nil || !dark {
		t.Errorf("dark = %v, %v", dark, err)
	}
}

// The camera plays the film: a page sees the label's black in the middle.
func TestCamera(t *testing.T) {
	label := image.NewGray(image.Rect(0, 0, 40, 40)) // all black
	scene := Scene(label, View{Angle: 30, Blur: 1})
	if c := color.GrayModel.Convert(scene.At(filmWidth/2, filmHeight/2)).(color.Gray); c.Y > 20 {
		t.Fatalf("the middle of the scene is %d", c.Y)
	}
	film := filepath.Join(t.TempDir(), "label.mjpeg")
	f, err := os.Create(film)
	must(t, err)
	must(t, errors.Join(Film(f, scene, scene), f.Close()))
	p := open(t, Config{Camera: film})
	type seen struct{ Width, Middle, Corner int }
	got, err := Evaluate[seen](p, `(async () => {
		const v = document.createElement('video')
		v.srcObject = await navigator.mediaDevices.getUserMedia({video: {width: 1280, height: 720}})
		await v.play()
		const c = new OffscreenCanvas(v.videoWidth, v.videoHeight).getContext('2d')
		c.drawImage(v, 0, 0)
		const at = (x, y) => c.getImageData(x, y, 1, 1).data[0]
		return {Width: v.videoWidth, Middle: at(v.videoWidth / 2, v.videoHeight / 2), Corner: at(4, 4)}
	})()`)
	must(t, err)
	if got.Width != filmWidth || got.Middle > 60 || got.Corner < 120 {
		t.Errorf("the page sees %+v", got)
	}
}

func TestAuthenticator(t *testing.T) {
	p := open(t, Config{})
	must(t, p.Authenticator())
	kind, err := Evaluate[string](p, `navigator.credentials.create({publicKey: {
		challenge: new Uint8Array(32), rp: {id: 'localhost', name: 'test'}, user: {id: new Uint8Array(16), name: 'a', displayName: 'A'},
		pubKeyCredParams: [{type: 'public-key', alg: -7}], authenticatorSelection: {residentKey: 'required', userVerification: 'required'}
	}}).then((c) => c.type)`)
	if err != nil || kind != "public-key" {
		t.Errorf("create = %q, %v", kind, err)
	}
}
