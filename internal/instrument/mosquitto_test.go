package instrument

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	mathrand "math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"github.com/google/go-cmp/cmp"

	"theriac/genuine"
)

// program returns where a program of Mosquitto is; without it the test is skipped, and
// fails with CI=true.
func program(t testing.TB, name string) string {
	t.Helper()
	for _, dir := range append(filepath.SplitList(os.Getenv("PATH")), "/usr/sbin", "/usr/local/sbin") {
		if file, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return file
		}
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is not installed", name)
	}
	t.Skipf("SKIPPED: everything with Mosquitto, because there is no %s; `make services` installs it", name)
	return ""
}

// freePort returns a loopback address that nobody listens on, as organisation.FreePort
// chooses it.
func freePort(t testing.TB) string {
	t.Helper()
	for range 100 {
		address := fmt.Sprintf("127.0.0.1:%d", 10_000+mathrand.IntN(20_000))
		if l, err := net.Listen("tcp", address); err == nil {
			must(address, l.Close())(t)
			return address
		}
	}
	t.Fatal("no free port")
	return ""
}

// A mosquitto is the real broker, with a user for the instrument and one for the
// device, as somebody would set it up who follows docs/operating.md.
type mosquitto struct {
	dir, plain, tls string
	process         *exec.Cmd
}

const (
	deviceUser     = "device"
	devicePassword = "p@ss/w?rd#%: ü" // must be escaped in a spec
)

func newMosquitto(t testing.TB) *mosquitto {
	t.Helper()
	m := &mosquitto{dir: t.TempDir(), plain: freePort(t), tls: freePort(t)}
	program(t, "mosquitto")
	users := filepath.Join(m.dir, "users")
	for n, user := range []string{deviceUser, "instrument"} {
		args := []string{"-b", users, user, devicePassword}
		if n == 0 {
			args = append([]string{"-c"}, args...)
		}
		if out, err := exec.Command(program(t, "mosquitto_passwd"), args...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	certificate(t, m.dir)
	rules := "user device\ntopic write " + topic + "/measure\ntopic read " + topic + "/reading\n" +
		"user instrument\ntopic read " + topic + "/measure\ntopic write " + topic + "/reading\n"
	_, plain, _ := strings.Cut(m.plain, ":")
	_, secure, _ := strings.Cut(m.tls, ":")
	config := "allow_anonymous false\npassword_file users\nacl_file rules\nmessage_size_limit 4096\npersistence false\n" +
		"listener " + plain + " 127.0.0.1\n" +
		"listener " + secure + " 127.0.0.1\ncafile ca.pem\ncertfile server.pem\nkeyfile key.pem\n"
	if os.Getuid() == 0 {
		config = "user root\n" + config
	}
	for name, text := range map[string]string{"rules": rules, "mosquitto.conf": config} {
		if err := os.WriteFile(filepath.Join(m.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	m.start(t)
	t.Cleanup(func() { m.stop(t) })
	return m
}

func (m *mosquitto) start(t testing.TB) {
	t.Helper()
	m.process = exec.Command(program(t, "mosquitto"), "-c", "mosquitto.conf")
	m.process.Dir = m.dir
	var said strings.Builder
	m.process.Stderr = &said
	if err := m.process.Start(); err != nil {
		t.Fatal(err)
	}
	ctx := within(t, 20*time.Second)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if c, err := net.Dial("tcp", m.tls); err == nil {
			c.Close()
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			m.stop(t)
			t.Fatalf("mosquitto does not start: %s", said.String())
		}
	}
}

func (m *mosquitto) stop(t testing.TB) {
	t.Helper()
	if m.process == nil {
		return
	}
	if err := m.process.Process.Signal(syscall.SIGKILL); err != nil {
		t.Error(err)
	}
	_ = m.process.Wait() // says that it was killed
	m.process = nil
}

func (m *mosquitto) spec(scheme, user, password string, features ...string) Spec {
	host := map[string]string{"mqtt": m.plain, "mqtts": m.tls}[scheme]
	u := scheme + "://" + user + ":" + escape(password) + "@" + host + "/" + topic
	if len(features) > 0 {
		u += "?feature=" + strings.Join(features, ",")
	}
	return Spec(u)
}

// escape writes a password as it stands in a spec.
func escape(password string) string {
	var out strings.Builder
	for _, c := range []byte(password) {
		fmt.Fprintf(&out, "%%%02X", c)
	}
	return out.String()
}

// certificate makes an authority and a server's certificate for 127.0.0.1.
func certificate(t testing.TB, dir string) {
	t.Helper()
	now := time.Now()
	authority := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	server := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "broker"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	signer := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(t)
	key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(t)
	for name, block := range map[string]*pem.Block{
		"ca.pem":     {Type: "CERTIFICATE", Bytes: must(x509.CreateCertificate(rand.Reader, authority, authority, signer.Public(), signer))(t)},
		"server.pem": {Type: "CERTIFICATE", Bytes: must(x509.CreateCertificate(rand.Reader, server, authority, key.Public(), signer))(t)},
		"key.pem":    {Type: "EC PRIVATE KEY", Bytes: must(x509.MarshalECPrivateKey(key))(t)},
	} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// The sensor at a broker that nobody here wrote: in clear and over TLS, with what it
// refuses.
func TestMosquitto(t *testing.T) {
	m := newMosquitto(t)
	shown := spectrometer(t, m.spec("mqtt", "instrument", devicePassword))
	ca := "&ca=" + filepath.Join(m.dir, "ca.pem")
	secure := m.spec("mqtts", deviceUser, devicePassword, both...)
	for _, spec := range []Spec{m.spec("mqtt", deviceUser, devicePassword, both...), secure + Spec(ca)} {
		i := open(t, spec)
		for range 20 {
			got, err := i.Measure(within(t, 20*time.Second))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]genuine.Reading(<-shown), got); diff != "" {
				t.Errorf("(-displayed +read):\n%s", diff)
			}
		}
	}
	for _, user := range []string{deviceUser, "nobody", ""} {
		_, err := Open(within(t, 10*time.Second), m.spec("mqtt", user, "wrong", both...))
		is(t, err, ErrPassword)
	}
	_, err := Open(within(t, 10*time.Second), secure)
	is(t, err, ErrUnreachable) // an authority that the system does not know
	_, err = Open(within(t, 10*time.Second), secure+Spec("&ca="+filepath.Join(m.dir, "key.pem")))
	is(t, err, ErrSpec)
	_, err = Open(within(t, 10*time.Second), Spec(strings.Replace(string(secure), m.tls, m.plain, 1))+Spec(ca))
	is(t, err, ErrUnreachable) // no TLS there
}

// The broker is killed when the instrument has been asked, and started again.
func TestMosquittoComesBack(t *testing.T) {
	m := newMosquitto(t)
	asked := make(chan struct{}, 100)
	c := connect(t, m.spec("mqtt", "instrument", devicePassword))
	done(t, c.Subscribe(topic+"/measure", 1, func(mqtt.Client, mqtt.Message) { asked <- struct{}{} }))
	i := open(t, m.spec("mqtt", deviceUser, devicePassword, both...))
	got := make(chan error, 1)
	ctx := within(t, 40*time.Second)
	go func() {
		_, err := i.Measure(ctx)
		got <- err
	}()
	<-asked
	m.stop(t)
	m.start(t)
	spectrometer(t, m.spec("mqtt", "instrument", devicePassword))
	if err := <-got; err != nil {
		t.Error(err)
	}
}

// Mosquitto's own client asks the simulated instrument, over our broker.
func TestMosquittoAsks(t *testing.T) {
	ask := program(t, "mosquitto_rr")
	b := broker(t)
	shown := spectrometer(t, b.Spec(topic))
	host, port, err := net.SplitHostPort(b.Address())
	if err != nil {
		t.Fatal(err)
	}
	const id = "00112233445566778899aabbccddeeff"
	args := []string{"-h", host, "-p", port, "-u", brokerUser, "-q", "1", "-W", "20", "-t", topic + "/measure", "-e", topic + "/reading", "-m", `{"id":"` + id + `"}`}
	out, err := exec.Command(ask, append(args, "-P", b.door.password)...).Output()
	if err != nil {
		t.Fatal(err)
	}
	var a answer
	if err := json.Unmarshal(out, &a); err != nil || a.ID != id || a.Stable || len(a.Readings) != 2 {
		t.Errorf("first answer %s: %v, want one that has not settled", out, err)
	}
	<-shown
	if out, err := exec.Command(ask, append(args, "-P", "wrong")...).CombinedOutput(); err == nil {
		t.Errorf("with a wrong password it gets %s", out)
	}
}
