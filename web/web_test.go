package web

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"testing"
	"testing/fstest"

	"theriac/api"
	"theriac/canon"
	"theriac/merkle"
)

var update = flag.Bool("update", false, "rewrite ../testdata/page.json")

// site returns a page of n files.
func site(n int) fstest.MapFS {
	m := fstest.MapFS{"index.html": {Data: []byte("page")}}
	for i := range n - 1 {
		m[fmt.Sprintf("assets/%03d-a.js", i)] = &fstest.MapFile{Data: []byte{byte(i)}}
	}
	return m
}

// The digest is what docs/formats.md says, and the browser computes the same from
// the same vectors (page.test.ts).
func TestDigest(t *testing.T) {
	var pages []api.Page
	for _, n := range []int{1, 2, 3, 5, 8, 13} {
		p, err := List(site(n))
		if err != nil {
			t.Fatal(err)
		}
		var leaves []merkle.Hash
		for _, f := range p.Files {
			leaves = append(leaves, merkle.LeafHash(canon.Encode("theriac/page/1", []byte(f.Path), f.SHA256[:])))
		}
		if want := canon.Digest(merkle.Root(leaves)); p.Digest != want || len(p.Files) != n {
			t.Errorf("List of %d files = %d files, %s, want %s", n, len(p.Files), p.Digest, want)
		}
		pages = append(pages, *p)
	}
	raw, err := json.MarshalIndent(pages, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	raw = append(raw, '\n')
	const vectors = "../testdata/page.json"
	if *update {
		if err := os.WriteFile(vectors, raw, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(vectors)
	if err != nil || string(raw) != string(want) {
		t.Errorf("%s is not what List returns (%v): go test ./web -update", vectors, err)
	}
}

// Every byte of every file, and every name, is in the digest.
func TestDigestCoversAll(t *testing.T) {
	p, err := List(site(5))
	if err != nil {
		t.Fatal(err)
	}
	seen := []canon.Digest{p.Digest}
	for i := range p.Files {
		for _, bend := range []func(*api.PageFile){
			func(f *api.PageFile) { f.SHA256[31] ^= 1 },
			func(f *api.PageFile) { f.Path += "x" },
		} {
			files := slices.Clone(p.Files)
			bend(&files[i])
			d, err := Digest(files)
			if err != nil || slices.Contains(seen, d) {
				t.Errorf("file %d: %s, %v", i, d, err)
			}
			seen = append(seen, d)
		}
	}
}

func TestDigestRefuses(t *testing.T) {
	f := func(path string) api.PageFile { return api.PageFile{Path: path} }
	for _, files := range [][]api.PageFile{
		nil, {f("")}, {f("/a")}, {f("../a")}, {f("a/../b")}, {f("a b")}, {f("a%20b")}, {f("é")}, {f("a?b")}, {f(".")}, {f("b"), f("a")}, {f("a"), f("a")}, make([]api.PageFile, MaxFiles+1),
	} {
		if d, err := Digest(files); err == nil {
			t.Errorf("Digest of %d files = %s", len(files), d)
		}
	}
	if _, err := List(fstest.MapFS{"robots.txt": {}}); !errors.Is(err, ErrNotBuilt) {
		t.Errorf("List of what is not built = %v, want %v", err, ErrNotBuilt)
	}
}

// Building copies public/ over what is committed in dist/: that is the same, so that
// the repository stays clean.
func TestPlaceholder(t *testing.T) {
	committed, err := os.ReadFile("dist/robots.txt")
	if err != nil {
		t.Fatal(err)
	}
	copied, err := os.ReadFile("public/robots.txt")
	if err != nil || string(committed) != string(copied) {
		t.Errorf("dist/robots.txt is not public/robots.txt: %v", err)
	}
}
