// Package web holds the pages that people see, as Vite built them. On a clone
// where nobody has built them yet there is only robots.txt, so that Go builds
// and tests without Node.
package web

import (
	"cmp"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"theriac/api"
	"theriac/canon"
	"theriac/merkle"
)

//go:embed all:dist
var dist embed.FS

// Media is the media type under which the ledger has a page's digest.
const Media = "application/vnd.theriac.page"

// MaxFiles is how many files a page may have.
const MaxFiles = 1000

// ErrNotBuilt is returned for pages that this program was built without.
var ErrNotBuilt = errors.New("web: the pages are not built into this program: run make web, then build it again")

// Files returns the pages.
func Files() fs.FS {
	// The folder is there: the directive above does not compile without it.
	files, _ := fs.Sub(dist, "dist")
	return files
}

// List returns the files of a page with their digests, and the digest of all of
// it, or ErrNotBuilt.
func List(files fs.FS) (*api.Page, error) {
	if _, err := fs.Stat(files, "index.html"); err != nil {
		return nil, ErrNotBuilt
	}
	p := &api.Page{}
	err := fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := fs.ReadFile(files, path)
		if err != nil {
			return err
		}
		p.Files = append(p.Files, api.PageFile{Path: path, SHA256: canon.Sum(raw)})
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(p.Files, func(a, b api.PageFile) int { return cmp.Compare(a.Path, b.Path) })
	p.Digest, err = Digest(p.Files)
	return p, err
}

// Digest returns the digest of a page with these files: the RFC 9162 root over
// their paths and digests. The list must rise, so that one page has one digest,
// and paths have one spelling in an address.
func Digest(files []api.PageFile) (canon.Digest, error) {
	if len(files) == 0 || len(files) > MaxFiles {
		return canon.Digest{}, fmt.Errorf("web: a page of %d files", len(files))
	}
	var leaves []merkle.Hash
	for i, f := range files {
		if !fs.ValidPath(f.Path) || f.Path == "." || strings.Trim(f.Path, letters) != "" || i > 0 && files[i-1].Path >= f.Path {
			return canon.Digest{}, fmt.Errorf("web: file %q of a page", f.Path)
		}
		leaves = append(leaves, merkle.LeafHash(canon.Encode("theriac/page/1", []byte(f.Path), f.SHA256[:])))
	}
	return canon.Digest(merkle.Root(leaves)), nil
}

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._/"

// URL returns where a server serves a file of a page.
func URL(path string) string {
	switch path {
	case "index.html":
		return "/"
	case "console.html":
		return "/console"
	}
	return "/" + path
}
