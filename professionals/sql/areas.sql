-- Outward codes and local authorities. Django does not manage these tables: nobody writes here but migrations, and
-- emptying a database of its people leaves them as they are.
CREATE TABLE professionals_outwardcode (
    code varchar(4) PRIMARY KEY,
    latitude double precision NOT NULL,
    longitude double precision NOT NULL,
    nation varchar(20) NOT NULL,
    zone varchar(20) NOT NULL,
    authority varchar(9) NOT NULL,
    others text NOT NULL
);
CREATE TABLE professionals_localauthority (
    code varchar(9) PRIMARY KEY,
    name varchar(60) NOT NULL,
    region varchar(30) NOT NULL,
    nation varchar(20) NOT NULL
);
