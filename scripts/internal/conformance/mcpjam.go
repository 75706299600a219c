// The ring of another checker: A2, MCPJam's OAuth conformance test, its flow
// and its negative checks, for each revision and way of registration it knows.
package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"
)

func jamTrials() (all []trial) {
	for _, t := range []struct {
		revision, strategy string
		least              int
	}{
		{"2025-03-26", "dcr", 20}, {"2025-03-26", "preregistered", 19},
		{"2025-06-18", "dcr", 23}, {"2025-06-18", "preregistered", 22},
		{"2025-11-25", "dcr", 23}, {"2025-11-25", "preregistered", 22}, {"2025-11-25", "cimd", 25},
	} {
		all = append(all, trial{scenario: t.revision, column: t.strategy, least: t.least, run: func(ctx context.Context, b *bench) result {
			return b.jam(ctx, t.revision, t.strategy)
		}})
	}
	return all
}

// startJam installs the checker, and starts our server so that it trusts the
// certificate under which the checker's metadata document lies.
func startJam(ctx context.Context, b *bench) (func(), error) {
	if _, err := b.install(ctx, "mcpjam"); err != nil {
		return nil, err
	}
	if err := certificate(b.certificate(), b.certificateKey()); err != nil {
		return nil, err
	}
	s, err := b.launch(ctx, []string{"SSL_CERT_FILE=" + b.certificate()}, "--approval", "auto", "--cimd-allow-loopback")
	if err != nil {
		return nil, err
	}
	b.server = s
	return s.stop, nil
}

func (b *bench) certificate() string    { return filepath.Join(b.results, "loopback.pem") }
func (b *bench) certificateKey() string { return filepath.Join(b.results, "loopback-key.pem") }

// jam runs the checker once; it prints its steps as the suite's checks.
func (b *bench) jam(ctx context.Context, revision, strategy string) result {
	script, err := b.besides("mcpjam", "run.mjs")
	if err != nil {
		return result{err: err}
	}
	env := []string{"MCPJAM_TELEMETRY_DISABLED=1", "DO_NOT_TRACK=1", "NODE_EXTRA_CA_CERTS=" + b.certificate(), "CERTIFICATE=" + b.certificate(), "CERTIFICATE_KEY=" + b.certificateKey()}
	said, err := b.command(ctx, env, b.node, script, b.server.base+"/mcp/oauth", revision, strategy)
	lines := strings.Split(strings.TrimSpace(said), "\n")
	var checks []check
	if bad := json.Unmarshal([]byte(lines[len(lines)-1]), &checks); bad != nil {
		return result{err: errors.Join(err, fmt.Errorf("the checker left no steps: %s", lines[0])), said: said}
	}
	return result{checks: checks, err: err, said: said}
}

// certificate makes one for loopback, for a day.
func certificate(file, keyFile string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	now := time.Now()
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "loopback"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		return err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	return errors.Join(os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600),
		os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600))
}
