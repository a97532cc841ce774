# What makes of deploy/nginx/ctac.conf the file of a proxy in a container:
#     sed --file deploy/nginx/containers.sed --expression 's/ctac\.example/NAME/' deploy/nginx/ctac.conf
# Every web container has the name `web`; nginx asks for their addresses when it starts and with each reload.
s|server unix:/run/ctac/web.sock fail_timeout=0;|server web:8000 fail_timeout=0;|
s|/var/log/nginx/ctac.log|/dev/stdout|
s|/var/log/nginx/ctac-error.log|/dev/stderr|
