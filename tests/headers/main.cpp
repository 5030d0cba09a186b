// That this program links is the test: its other two translation units include the same headers.
int main() { return 0; }
