package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"theriac/api"
	"theriac/client"
)

// server is how a command finds an organisation's API.
type server struct {
	Server string `help:"Address of the organisation's API." default:"http://127.0.0.1:8080" env:"THERIAC_SERVER" placeholder:"URL"`
	Token  string `help:"Operator's token; found by itself for a server that this user runs on this machine." env:"THERIAC_TOKEN"`
	JSON   bool   `help:"Print the answer as JSON."`
}

// show prints an answer: as JSON for machines, or as people writes it.
func (s *server) show(con *console, answer any, people func()) error {
	if s.JSON {
		return printJSON(con.out, answer)
	}
	people()
	return nil
}

// A call is one request to a server.
type call[T any] func(*client.Client) (*T, error)

func get[T any](ctx context.Context, path string, query url.Values) call[T] {
	return func(c *client.Client) (*T, error) { return client.Get[T](ctx, c, path, query) }
}

func post[T any](ctx context.Context, path, key string, body any) call[T] {
	return func(c *client.Client) (*T, error) { return client.Post[T](ctx, c, path, key, body) }
}

// ask calls the server and shows its answer.
func ask[T any](s *server, con *console, do call[T], people func(*T)) error {
	c, err := s.client()
	if err != nil {
		return err
	}
	answer, err := do(c)
	if err != nil {
		return err
	}
	return s.show(con, answer, func() { people(answer) })
}

// member returns what the ledger has of a member.
func (s *server) member(ctx context.Context, gln string) (*api.Member, error) {
	c, err := s.client()
	if err != nil {
		return nil, err
	}
	members, err := client.Get[[]api.Member](ctx, c, "/v1/members", nil)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(*members, func(m api.Member) bool { return m.GLN == gln })
	if i < 0 {
		return nil, fmt.Errorf("no member %s", gln)
	}
	return &(*members)[i], nil
}

// client returns a client of the server.
func (s *server) client() (*client.Client, error) {
	if s.Token == "" {
		s.Token = knownToken(s.Server)
	}
	return client.New(s.Server, s.Token)
}

// running is the note that a server leaves for its user's other commands: where
// its token is. Only the user can read it, as the token itself.
type running struct {
	TokenFile string `json:"token_file"`
}

func noteFile(address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", err
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "theriac", "servers", strings.NewReplacer(":", "_", "/", "_", "[", "", "]", "").Replace(u.Host)+".json"), nil
}

// leaveNote says where the token of a server is; the function it returns takes
// the note back. A user without a cache folder gives tokens by hand.
func leaveNote(address, tokenFile string) (func(), error) {
	name, err := noteFile(address)
	if err != nil {
		return func() {}, nil
	}
	abs, err := filepath.Abs(tokenFile)
	if err != nil {
		return nil, err
	}
	raw, err := json.Marshal(running{abs})
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return func() {}, nil
	}
	if err := os.WriteFile(name, raw, 0o600); err != nil {
		return nil, fmt.Errorf("note for other commands: %w", err)
	}
	return func() {
		if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
			fmt.Fprintln(os.Stderr, "theriac:", err)
		}
	}, nil
}

// knownToken returns the token of a server that this user runs here, or "".
func knownToken(address string) string {
	name, err := noteFile(address)
	if err != nil {
		return ""
	}
	raw, err := os.ReadFile(name)
	if err != nil {
		return ""
	}
	var r running
	if json.Unmarshal(raw, &r) != nil {
		return ""
	}
	token, err := os.ReadFile(r.TokenFile)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(token))
}
