package organisation

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"theriac/chain"
	"theriac/internal/cometbft"
)

func good() *Settings {
	return &Settings{
		GLN: ExampleGLN(7), Name: "Maker", Roles: []chain.Role{chain.Manufacturer}, Prefixes: []string{"9521141"},
		Listen: "127.0.0.1:8080", Endpoint: "https://maker.example:8080", Origin: "https://console.example", Store: "postgres://db/theriac",
		Devices: []string{"http://127.0.0.1:9", "http://[::1]:9", "http://localhost:9", "http://10.1.2.3", "http://192.168.1.5:80", "https://scales.example"},
		Node:    NodeSettings{Listen: "127.0.0.1:26656", Peers: []string{"a@b:1"}, Profile: cometbft.WAN, SnapshotEvery: 10, SyncFrom: "http://x"},
		TLS:     TLS{Certificate: "c.pem", Key: "k.pem", ClientCA: "ca.pem", RootCA: "ca.pem"}, PKCS11: &PKCS11{"m.so", "label", "pin"},
	}
}

func TestSettingsRoundTrip(t *testing.T) {
	for _, s := range []*Settings{good(), {GLN: ExampleGLN(7), Name: "Least", Roles: []chain.Role{}, Listen: ":1"}} {
		dir := t.TempDir()
		dir = filepath.Join(dir, "d")
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		for range 2 { // also over an older one
			if err := s.Save(dir); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(must(LoadSettings(dir))(t), s); diff != "" {
			t.Error(diff)
		}
		if files := snapshot(t, dir); len(files) != 1 {
			t.Errorf("left %v", maps.Keys(files))
		}
		checkModes(t, dir)
	}
}

func TestSettingsRefused(t *testing.T) {
	for name, change := range map[string]func(*Settings){
		"gln":            func(s *Settings) { s.GLN = "9521141000071" },
		"no gln":         func(s *Settings) { s.GLN = "" },
		"no name":        func(s *Settings) { s.Name = "" },
		"no listen":      func(s *Settings) { s.Listen = "" },
		"listen":         func(s *Settings) { s.Listen = "localhost" },
		"origin":         func(s *Settings) { s.Origin = "console.example" },
		"origin's path":  func(s *Settings) { s.Origin = "https://console.example/" },
		"origin's user":  func(s *Settings) { s.Origin = "https://a@console.example" },
		"origin's port":  func(s *Settings) { s.Origin = "https://console.example:443" },
		"origin's case":  func(s *Settings) { s.Origin = "https://Console.example" },
		"origin of IP":   func(s *Settings) { s.Origin = "https://192.0.2.1" },
		"plain origin":   func(s *Settings) { s.Origin = "http://console.example" },
		"endpoint":       func(s *Settings) { s.Endpoint = "ftp://maker.example" },
		"profile":        func(s *Settings) { s.Node.Profile = "moon" },
		"snapshots":      func(s *Settings) { s.Node.SnapshotEvery = -1 },
		"key alone":      func(s *Settings) { s.TLS.Certificate = "" },
		"cert alone":     func(s *Settings) { s.TLS.Key = "" },
		"client ca only": func(s *Settings) { s.TLS = TLS{ClientCA: "ca.pem"} },
		"no module":      func(s *Settings) { s.PKCS11.Module = "" },
		"no token":       func(s *Settings) { s.PKCS11.Token = "" },
		"no pin file":    func(s *Settings) { s.PKCS11.PINFile = "" },
		"far device":     func(s *Settings) { s.Devices = []string{"http://192.0.2.1:9"} },
		"named device":   func(s *Settings) { s.Devices = []string{"http://scales.example:9"} },
		"metadata":       func(s *Settings) { s.Devices = []string{"http://169.254.169.254"} },
		"device's path":  func(s *Settings) { s.Devices = []string{"https://scales.example/x"} },
		"device's user":  func(s *Settings) { s.Devices = []string{"https://a:b@scales.example"} },
		"device's slash": func(s *Settings) { s.Devices = []string{"http://127.0.0.1:9/"} },
		"device's query": func(s *Settings) { s.Devices = []string{"http://127.0.0.1:9?x"} },
		"no device":      func(s *Settings) { s.Devices = []string{""} },
		"device twice":   func(s *Settings) { s.Devices = []string{"http://127.0.0.1:9", "http://127.0.0.1:9"} },
	} {
		s, dir := good(), t.TempDir()
		change(s)
		if err := s.Save(dir); err == nil {
			t.Errorf("%s: saved", name)
		}
		raw, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		put(t, filepath.Join(dir, settingsFile), string(raw))
		if _, err := LoadSettings(dir); err == nil {
			t.Errorf("%s: loaded", name)
		}
	}
}

// A setting that nobody reads is a setting that somebody believes in.
func TestSettingsText(t *testing.T) {
	whole := string(must(json.Marshal(good()))(t))
	for name, text := range map[string]string{
		"unknown":        strings.Replace(whole, `{`, `{"tsl":{},`, 1),
		"unknown within": strings.Replace(whole, `"certificate"`, `"certificat"`, 1),
		"other case":     strings.Replace(whole, `"tls"`, `"TLS"`, 1),
		"twice":          strings.Replace(whole, `{`, `{"name":"Other",`, 1),
		"wrong kind":     strings.Replace(whole, `"Maker"`, `7`, 1),
		"trailing":       whole + `{}`,
		"half":           whole[:len(whole)/2],
		"empty":          "",
		"list":           "[]",
		"null":           "null",
	} {
		dir := t.TempDir()
		put(t, filepath.Join(dir, settingsFile), text)
		if s, err := LoadSettings(dir); err == nil || !strings.Contains(err.Error(), settingsFile) {
			t.Errorf("%s: LoadSettings = %v, %v, want an error that names the file", name, s, err)
		}
	}
	if _, err := LoadSettings(t.TempDir()); err == nil {
		t.Error("loaded settings that are not there")
	}
}

// A crash while settings are saved leaves the old ones: what is in the way of the
// new file does not touch the old.
func TestSaveKeepsTheOld(t *testing.T) {
	dir, s := t.TempDir(), good()
	if err := s.Save(dir); err != nil {
		t.Fatal(err)
	}
	before := snapshot(t, dir)
	// A folder with something in it cannot be removed: staging fails.
	put(t, filepath.Join(dir, settingsFile+".new", "x"), "")
	s.Name = "Other"
	if err := s.Save(dir); err == nil {
		t.Fatal("saved over a folder")
	}
	sameFiles(t, before, snapshot(t, dir))
	// What a crash left half is written afresh.
	if err := os.RemoveAll(filepath.Join(dir, settingsFile+".new")); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(dir, settingsFile+".new"), `{"gln":`)
	if err := s.Save(dir); err != nil {
		t.Fatal(err)
	}
	if got := must(LoadSettings(dir))(t); got.Name != "Other" {
		t.Errorf("name %q", got.Name)
	}
}

func TestRoles(t *testing.T) {
	got, err := Roles([]string{"supplier", "manufacturer"})
	if diff := cmp.Diff(got, []chain.Role{chain.Manufacturer, chain.Supplier}); diff != "" || err != nil {
		t.Error(diff, err)
	}
	for _, names := range [][]string{nil, {"wizard"}, {"supplier", "supplier"}, {"administration", "supplier"}} {
		if _, err := Roles(names); err == nil {
			t.Errorf("Roles(%q) took them", names)
		}
	}
}

// The console is where the settings say, or at the endpoint under a name that
// passkeys can be bound to.
func TestConsole(t *testing.T) {
	for _, tt := range []struct{ endpoint, origin, want string }{
		{"http://127.0.0.1:8080", "", "http://localhost:8080"},
		{"http://[::1]:8080", "", "http://localhost:8080"},
		{"http://localhost:8080", "", "http://localhost:8080"},
		{"https://maker.example:8443/api", "", "https://maker.example:8443"},
		{"https://Maker.example", "", "https://maker.example"},
		{"https://maker.example:443", "", "https://maker.example"},
		{"http://192.0.2.1:8080", "https://console.example", "https://console.example"},
		{"http://192.0.2.1:8080", "", ""},
		{"http://maker.example:8080", "", ""}, // no browser has passkeys there
		{"", "", ""},
	} {
		s := Settings{Endpoint: tt.endpoint, Origin: tt.origin}
		if got := s.Console(); got != tt.want {
			t.Errorf("Console(%q, %q) = %q, want %q", tt.endpoint, tt.origin, got, tt.want)
		}
	}
}
