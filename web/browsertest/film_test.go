package browsertest

import (
	"errors"
	"image"
	"os"
	"path/filepath"
	"testing"

	"theriac/internal/browser"
)

// film returns a file that plays a label as the camera of a person sees it.
func film(t *testing.T, label image.Image, views ...browser.View) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "label.mjpeg")
	f, err := os.Create(name)
	must(t, err)
	var scenes []image.Image
	for _, v := range views {
		scenes = append(scenes, browser.Scene(label, v))
	}
	must(t, errors.Join(browser.Film(f, scenes...), f.Close()))
	return name
}
