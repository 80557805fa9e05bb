package organisation

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"theriac/chain"
	"theriac/gs1"
	"theriac/internal/cometbft"
	"theriac/internal/keystore"
	"theriac/pedigree"
)

// Settings are an organisation's, kept in organisation.json of its folder.
type Settings struct {
	GLN      string       `json:"gln"`
	Name     string       `json:"name"`
	Roles    []chain.Role `json:"roles"`              // to apply for
	Prefixes []string     `json:"prefixes,omitempty"` // licensed GS1 company prefixes
	Listen   string       `json:"listen"`             // host:port of the API
	Endpoint string       `json:"endpoint"`           // address under which others reach it
	Origin   string       `json:"origin,omitempty"`   // of the console; empty: the endpoint's
	Store    string       `json:"store,omitempty"`    // empty: SQLite in the folder
	Devices  []string     `json:"devices,omitempty"`  // addresses of measuring devices that may be asked
	Node     NodeSettings `json:"node"`
	TLS      TLS          `json:"tls,omitzero"`
	PKCS11   *PKCS11      `json:"pkcs11,omitempty"` // absent: signing keys in files
}

// NodeSettings are those of the ledger node.
type NodeSettings struct {
	Listen        string           `json:"listen"` // host:port for peers
	Peers         []string         `json:"peers,omitempty"`
	Profile       cometbft.Profile `json:"profile,omitempty"`
	SnapshotEvery int64            `json:"snapshot_every,omitzero"`
	// SyncFrom is the API of a member; a node without state begins from a
	// snapshot of its peers then, verified from the genesis.
	SyncFrom string `json:"sync_from,omitempty"`
}

// The files of an organisation's folder.
const (
	settingsFile   = "organisation.json"
	passphraseFile = "passphrase"
	tokenFile      = "token"
	keysFolder     = "keys"
	nodeFolder     = "node"
	packsFolder    = "packs"
	storeFile      = "store.db"
)

// NodeHome returns the folder of an organisation's node.
func NodeHome(dir string) string { return filepath.Join(dir, nodeFolder) }

// Token returns the operator's token, from the organisation's folder.
func Token(dir string) ([]byte, error) {
	raw, err := os.ReadFile(filepath.Join(dir, tokenFile))
	if err != nil {
		return nil, fmt.Errorf("operator's token: %w", err)
	}
	// An editor's line break is no part of it.
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 {
		return nil, fmt.Errorf("operator's token: %s is empty", tokenFile)
	}
	return raw, nil
}

// LoadSettings reads the settings of the organisation in dir. A member that is
// unknown, or there twice, is an error: it would be a setting that does nothing.
func LoadSettings(dir string) (*Settings, error) {
	name := filepath.Join(dir, settingsFile)
	raw, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("settings: %w", err)
	}
	var s Settings
	if err := json.Unmarshal(raw, &s, json.RejectUnknownMembers(true)); err != nil {
		return nil, fmt.Errorf("settings %s: %w", name, err)
	}
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return &s, nil
}

func (s *Settings) check() error {
	if err := gs1.GLN(s.GLN).Check(); err != nil {
		return fmt.Errorf("settings: gln %q: %w", s.GLN, err)
	}
	if s.Name == "" {
		return errors.New("settings: name is needed")
	}
	if _, _, err := net.SplitHostPort(s.Listen); err != nil {
		return fmt.Errorf("settings: listen %q is no host:port: %w", s.Listen, err)
	}
	if err := pedigree.CheckEndpoint(s.Endpoint); err != nil {
		return fmt.Errorf("settings: %w", err)
	}
	if p := s.Node.Profile; p != "" && p != cometbft.LAN && p != cometbft.WAN {
		return fmt.Errorf("settings: node profile %q is neither lan nor wan", p)
	}
	if s.Node.SnapshotEvery < 0 {
		return fmt.Errorf("settings: snapshot_every is %d", s.Node.SnapshotEvery)
	}
	return errors.Join(checkOrigin(s.Origin), checkDevices(s.Devices), s.TLS.check(), s.PKCS11.check())
}

// Save writes the settings into dir.
func (s *Settings) Save(dir string) error {
	if err := s.check(); err != nil {
		return err
	}
	raw, err := json.Marshal(s, jsontext.WithIndent("  "))
	if err != nil {
		return err
	}
	return replace(filepath.Join(dir, settingsFile), append(raw, '\n'))
}

// Create makes the folder of an organisation: settings, a passphrase, fresh keys,
// the operator's token and, if it is to have one, the home of a node. What is
// there already stays, so that a creation that was interrupted can be repeated.
func Create(dir string, s Settings, node bool) error {
	if err := s.check(); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(dir, settingsFile)); errors.Is(err, os.ErrNotExist) {
		if err := s.Save(dir); err != nil {
			return err
		}
	}
	kept, err := LoadSettings(dir)
	if err != nil {
		return err
	}
	if kept.GLN != s.GLN {
		return fmt.Errorf("settings: %s is the folder of %s, not %s", dir, kept.GLN, s.GLN)
	}
	for _, name := range []string{passphraseFile, tokenFile} {
		if err := once(filepath.Join(dir, name), keystore.NewPassphrase().Bytes()); err != nil {
			return err
		}
	}
	if node {
		if _, err := cometbft.InitHome(NodeHome(dir)); err != nil {
			return err
		}
	}
	return createKeys(dir, kept)
}

// Roles returns the roles of these names, as an application lists them.
func Roles(names []string) ([]chain.Role, error) {
	var out []chain.Role
	for _, n := range names {
		out = append(out, chain.Role(n))
	}
	slices.Sort(out)
	return out, pedigree.CheckRoles(out)
}
