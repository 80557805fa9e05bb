package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"theriac/api"
	"theriac/canon"
	"theriac/client"
	"theriac/refusal"
	"theriac/web"
)

type webCmd struct {
	Digest  webDigestCmd  `cmd:"" help:"Print the digest of the pages in this program; compare a server's with it."`
	Publish webPublishCmd `cmd:"" help:"Put the digest of the pages in this program on the ledger."`
}

type webDigestCmd struct {
	Server string `help:"Fetch the pages of this server, and compare." placeholder:"URL"`
	JSON   bool   `help:"Print the answer as JSON."`
}

// Help implements kong.HelpProvider.
func (webDigestCmd) Help() string {
	return `The digest is over every file, as docs/formats.md has it under Page. With --server
each file is fetched and the digest computed from what came; exit status 1 if it is
another than that of this program. A server can show others other pages: an
installed page can compute its own digest too.

  theriac web digest
  theriac web digest --server http://127.0.0.1:8080`
}

// A compared is what web digest prints as JSON.
type compared struct {
	Digest  canon.Digest   `json:"digest"`
	Files   []api.PageFile `json:"files"`
	Server  canon.Digest   `json:"server,omitzero"`   // digest of what it serves
	Differ  []string       `json:"differ,omitempty"`  // files that are there and not here, here and not there, or others
	Anchors []api.Anchored `json:"anchors,omitempty"` // as the server says
}

func (d *webDigestCmd) Run(ctx context.Context, con *console) error {
	own, err := web.List(web.Files())
	if err != nil {
		return err
	}
	out := &compared{Digest: own.Digest, Files: own.Files}
	if d.Server != "" {
		if err := out.compare(ctx, d.Server); err != nil {
			return err
		}
	}
	if d.JSON {
		err = printJSON(con.out, out)
	} else {
		out.print(con, d.Server)
	}
	if err == nil && len(out.Differ) > 0 {
		err = exit(exitRefused)
	}
	return err
}

func (c *compared) print(con *console, server string) {
	con.printf("%s  %d files\n", c.Digest, len(c.Files))
	if server == "" {
		return
	}
	con.printf("%s  %s\n", c.Server, server)
	for _, path := range c.Differ {
		con.printf("  differs    %s\n", path)
	}
	for _, a := range c.Anchors {
		con.printf("  anchored   by %s, leaf %d, %s, as the server says\n", a.GLN, a.Index, time.UnixMilli(a.Time).UTC().Format(time.RFC3339))
	}
}

// compare fetches the pages of a server, of which nothing is believed but bytes.
func (c *compared) compare(ctx context.Context, address string) error {
	// No token: what is asked for is public, and the server may be a stranger's.
	s, err := client.New(address, "")
	if err != nil {
		return err
	}
	theirs, err := fetchPage(ctx, s)
	if err != nil {
		return err
	}
	if c.Server, err = web.Digest(theirs); err != nil {
		return err
	}
	c.Differ = differ(c.Files, theirs)
	found, err := client.Get[[]api.Anchored](ctx, s, "/v1/evidence/"+c.Server.String(), nil)
	if refusal.Code(err) == "not_found" {
		return nil // nobody anchored it
	}
	if err != nil {
		return err
	}
	c.Anchors = *found
	return nil
}

// maxPage is what the files of a server's pages may have together.
const maxPage = 64 << 20

// fetchPage returns the files of a server's pages, with the digests of what it
// sends for them.
func fetchPage(ctx context.Context, s *client.Client) ([]api.PageFile, error) {
	listed, err := client.Get[api.Page](ctx, s, "/page.json", nil)
	if err != nil {
		return nil, err
	}
	// Before anything is fetched for it.
	if _, err := web.Digest(listed.Files); err != nil {
		return nil, err
	}
	files, size := make([]api.PageFile, len(listed.Files)), 0
	for i, f := range listed.Files {
		raw, err := s.Raw(ctx, web.URL(f.Path), nil)
		if err != nil {
			return nil, fmt.Errorf("%.200q: %w", f.Path, err)
		}
		if size += len(raw); size > maxPage {
			return nil, errors.New("the server's pages have no end")
		}
		files[i] = api.PageFile{Path: f.Path, SHA256: canon.Sum(raw)}
	}
	return files, nil
}

// differ returns the paths of files that are not in both lists alike. Names are a
// stranger's: they are quoted.
func differ(ours, theirs []api.PageFile) []string {
	var out []string
	for len(ours)+len(theirs) > 0 {
		switch {
		case len(theirs) == 0 || len(ours) > 0 && ours[0].Path < theirs[0].Path:
			out, ours = append(out, fmt.Sprintf("%q", ours[0].Path)), ours[1:]
		case len(ours) == 0 || theirs[0].Path < ours[0].Path:
			out, theirs = append(out, fmt.Sprintf("%.200q", theirs[0].Path)), theirs[1:]
		default:
			if ours[0] != theirs[0] {
				out = append(out, fmt.Sprintf("%q", ours[0].Path))
			}
			ours, theirs = ours[1:], theirs[1:]
		}
	}
	return out
}

type webPublishCmd struct{ server }

// Help implements kong.HelpProvider.
func (webPublishCmd) Help() string {
	return `The organisation vouches for the pages of this program: anybody who has an
installed page can compare its digest with what the ledger has.

  theriac web publish --server http://127.0.0.1:8080`
}

func (p *webPublishCmd) Run(ctx context.Context, con *console) error {
	own, err := web.List(web.Files())
	if err != nil {
		return err
	}
	body := struct {
		Digest canon.Digest `json:"digest"`
		Media  string       `json:"media"`
	}{own.Digest, web.Media}
	return ask(&p.server, con, post[api.Done](ctx, "/v1/evidence", "", body), func(d *api.Done) {
		con.printf("%s anchored as leaf %d at height %d\n", own.Digest, d.Index, d.Height)
	})
}
